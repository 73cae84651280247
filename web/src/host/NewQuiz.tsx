/** Making a quiz; its questions come next, on its own page. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { createQuiz, putSubject } from '@/api/host';
import { subjects } from '@/api/subjects';
import { Check, Field, Select, TextArea } from '@/ui/Field';
import { Problem } from '@/ui/states';

const NONE = '';
const NEW = '+';

export function NewQuiz({ cancel }: { cancel: () => void }) {
  const cache = useQueryClient();
  const [, navigate] = useLocation();
  const known = useQuery(subjects);
  const [subject, setSubject] = useState(NONE);
  const making = useMutation({
    mutationFn: async (form: FormData) => {
      const text = (name: string) => String(form.get(name) ?? '').trim();
      let code: string | null = subject === NONE ? null : subject;
      if (subject === NEW) {
        code = text('subject_code').toUpperCase();
        await putSubject(code, text('subject_name'));
      }
      return createQuiz({
        title: text('title'),
        description: text('description'),
        subject: code,
        duration_minutes: Number(text('duration')),
        listed: form.has('listed'),
        self_report: form.has('self_report'),
      });
    },
    onSuccess: ({ quiz_id }) => {
      void cache.invalidateQueries({ queryKey: ['host', 'quizzes'] });
      void cache.invalidateQueries({ queryKey: ['subjects'] });
      navigate(`/host/${quiz_id}`);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    making.mutate(new FormData(event.currentTarget));
  };
  return (
    <form className="sheet form form-wide" onSubmit={submit} aria-label="New quiz">
      <Field label="Title" name="title" required maxLength={200} autoFocus />
      <TextArea
        label="Description"
        name="description"
        maxLength={1000}
        rows={2}
        hint="Optional; shown to people before it begins."
      />
      <div className="form-row">
        <Field
          label="Minutes"
          name="duration"
          type="number"
          inputMode="numeric"
          required
          min={5}
          max={180}
          defaultValue={30}
          hint="5 to 180"
        />
        <Select
          label="Subject"
          value={subject}
          onChange={(event) => setSubject(event.target.value)}
          hint="Results count on the subject's board."
        >
          <option value={NONE}>None</option>
          {known.data?.map(({ subject, name }) => (
            <option key={subject} value={subject}>
              {name}
            </option>
          ))}
          <option value={NEW}>A new one…</option>
        </Select>
      </div>
      {subject === NEW && (
        <div className="form-row">
          <Field
            label="Code of the subject"
            name="subject_code"
            required
            maxLength={16}
            pattern="[A-Za-z0-9_\-]{1,16}"
            title="1 to 16 letters, digits, _ or -"
            placeholder="BIO"
          />
          <Field
            label="Its name"
            name="subject_name"
            required
            maxLength={200}
            placeholder="Biology"
          />
        </div>
      )}
      <Check label="List it on the first page before it begins" name="listed" />
      <Check
        label="People may upload their own results"
        name="self_report"
        hint="For attempts that were made elsewhere."
      />
      {making.error && <Problem error={making.error} />}
      <div className="form-actions">
        <button type="submit" className="main" disabled={making.isPending}>
          Make the quiz
        </button>
        <button type="button" className="plain" onClick={cancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
