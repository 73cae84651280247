//! gRPC: whoever acts as the owner or as the operator may, another host finds no such quiz.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::FileDescriptorSet;
use proto::v1::{
    AddQuestionRequest, CreateQuizRequest, DeleteQuestionRequest, DeleteQuizRequest, EndQuizRequest,
    GetQuizRequest, JoinQuizRequest, ListQuestionsRequest, ListResultsRequest, ListSessionsRequest,
    RemoveParticipantRequest, StartQuizRequest, UploadHeader, UploadSessionsRequest, list_sessions_request,
    quiz_service_client::QuizServiceClient, upload_sessions_request,
};
use tonic::{Code, Status, transport::Channel};

use crate::support::TestApp;

const OWNER: &str = "owner";

/// The methods that take `acting_as`, in the life of a quiz in which they can succeed: before its
/// start, while it runs, after its end. Columns: the owner, another host, the operator (empty).
#[rustfmt::skip]
const TABLE: [(&str, Stage, [Code; 3]); 11] = [
    ("GetQuiz",           Stage::Pending, [Code::Ok, Code::NotFound, Code::Ok]),
    ("AddQuestion",       Stage::Pending, [Code::Ok, Code::NotFound, Code::Ok]),
    ("ListQuestions",     Stage::Pending, [Code::Ok, Code::NotFound, Code::Ok]),
    ("DeleteQuestion",    Stage::Pending, [Code::Ok, Code::NotFound, Code::Ok]),
    ("StartQuiz",         Stage::Pending, [Code::Ok, Code::NotFound, Code::Ok]),
    ("EndQuiz",           Stage::Started, [Code::Ok, Code::NotFound, Code::Ok]),
    ("DeleteQuiz",        Stage::Pending, [Code::Ok, Code::NotFound, Code::Ok]),
    ("RemoveParticipant", Stage::Started, [Code::Ok, Code::NotFound, Code::Ok]),
    ("ListResults",       Stage::Ended,   [Code::Ok, Code::NotFound, Code::Ok]),
    ("UploadSessions",    Stage::Pending, [Code::Ok, Code::NotFound, Code::Ok]),
    ("ListSessions",      Stage::Ended,   [Code::Ok, Code::NotFound, Code::Ok]),
];

/// The methods that take no `acting_as`: the caller's word for who it is stands elsewhere, or what
/// they show is public.
const OPEN: [&str; 13] = [
    "CreateQuiz",
    "GetQuizByCode",
    "ListQuizzes",
    "JoinQuiz",
    "ListAnswers",
    "PutSubject",
    "ListSubjects",
    "GetPerformance",
    "SubmitAnswer",
    "GetLeaderboard",
    "WatchLeaderboard",
    "GetStandings",
    "WatchActivity",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Pending,
    Started,
    Ended,
}

#[test]
fn every_method_is_in_the_table_if_it_takes_an_owner_and_in_the_list_if_it_does_not() {
    let files = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).unwrap().file;
    let messages: Vec<_> = files.iter().flat_map(|file| &file.message_type).collect();
    let takes_owner = |input: &str| {
        let name = input.rsplit('.').next().unwrap();
        // An upload names its owner in the header that it begins with.
        let name = if name == "UploadSessionsRequest" { "UploadHeader" } else { name };
        let message = messages.iter().find(|message| message.name() == name).unwrap();
        message.field.iter().any(|field| field.name() == "acting_as")
    };
    let ours = files.iter().filter(|file| file.package() == "scorecast.v1");
    let methods: Vec<_> = ours.flat_map(|file| &file.service).flat_map(|service| &service.method).collect();
    let named = |with_owner: bool| -> BTreeSet<&str> {
        let taken = methods.iter().filter(|method| takes_owner(method.input_type()) == with_owner);
        taken.map(|method| method.name()).collect()
    };
    assert_eq!(TABLE.iter().map(|(method, ..)| *method).collect::<BTreeSet<_>>(), named(true));
    assert_eq!(OPEN.into_iter().collect::<BTreeSet<_>>(), named(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_obeys_the_owner_and_the_operator_and_nobody_else() {
    let app = TestApp::start().await;
    let mut wrong = Vec::new();
    for (method, stage, expected) in TABLE {
        for (acting_as, expected) in [OWNER, "other", ""].into_iter().zip(expected) {
            let quiz = Quiz::at(stage, app.quizzes()).await;
            let code = quiz.call(method, acting_as).await.map_or_else(|status| status.code(), |()| Code::Ok);
            if code != expected {
                wrong.push(format!("{method} as {acting_as:?} is {code:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A quiz of the owner's with two questions and a seat.
struct Quiz {
    id: String,
    question: String,
    seat: String,
    quizzes: QuizServiceClient<Channel>,
}

impl Quiz {
    async fn at(stage: Stage, mut quizzes: QuizServiceClient<Channel>) -> Self {
        let made = CreateQuizRequest {
            owner_id: OWNER.to_owned(),
            title: "Rivers".to_owned(),
            ..CreateQuizRequest::default()
        };
        let id = quizzes.create_quiz(made).await.unwrap().into_inner().quiz.unwrap().quiz_id;
        let mut quiz = Self { id, question: String::new(), seat: String::new(), quizzes: quizzes.clone() };
        for _ in 0..2 {
            let added = quizzes.add_question(quiz.question("")).await.unwrap().into_inner();
            quiz.question = added.question.unwrap().question_id;
        }
        let join = JoinQuizRequest {
            quiz_id: quiz.id.clone(),
            username: "alice".to_owned(),
            ..JoinQuizRequest::default()
        };
        quiz.seat = quizzes.join_quiz(join).await.unwrap().into_inner().participant_id;
        if stage >= Stage::Started {
            quiz.call("StartQuiz", "").await.unwrap();
        }
        if stage >= Stage::Ended {
            quiz.call("EndQuiz", "").await.unwrap();
        }
        quiz
    }

    fn question(&self, acting_as: &str) -> AddQuestionRequest {
        AddQuestionRequest {
            quiz_id: self.id.clone(),
            acting_as: acting_as.to_owned(),
            text: "Which one?".to_owned(),
            options: ["a", "b"].map(str::to_owned).into(),
            correct_answer: Some(0),
            points: None,
        }
    }

    async fn call(&self, method: &str, acting_as: &str) -> Result<(), Status> {
        let mut quizzes = self.quizzes.clone();
        let (quiz_id, acting_as) = (self.id.clone(), acting_as.to_owned());
        match method {
            "GetQuiz" => quizzes.get_quiz(GetQuizRequest { quiz_id, acting_as }).await.map(drop),
            "AddQuestion" => quizzes.add_question(self.question(&acting_as)).await.map(drop),
            "ListQuestions" => {
                quizzes.list_questions(ListQuestionsRequest { quiz_id, acting_as }).await.map(drop)
            }
            "DeleteQuestion" => {
                let question_id = self.question.clone();
                let request = DeleteQuestionRequest { quiz_id, question_id, acting_as };
                quizzes.delete_question(request).await.map(drop)
            }
            "StartQuiz" => quizzes.start_quiz(StartQuizRequest { quiz_id, acting_as }).await.map(drop),
            "EndQuiz" => quizzes.end_quiz(EndQuizRequest { quiz_id, acting_as }).await.map(drop),
            "DeleteQuiz" => quizzes.delete_quiz(DeleteQuizRequest { quiz_id, acting_as }).await.map(drop),
            "RemoveParticipant" => {
                let participant_id = self.seat.clone();
                let request = RemoveParticipantRequest { quiz_id, participant_id, acting_as };
                quizzes.remove_participant(request).await.map(drop)
            }
            "ListResults" => {
                let request = ListResultsRequest { quiz_id, acting_as, run: 0 };
                quizzes.list_results(request).await?.into_inner().message().await.map(drop)
            }
            "UploadSessions" => {
                let header = UploadHeader { quiz_id, acting_as, ..UploadHeader::default() };
                let part = Some(upload_sessions_request::Part::Header(header));
                let parts = futures_util::stream::iter([UploadSessionsRequest { part }]);
                quizzes.upload_sessions(parts).await.map(drop)
            }
            "ListSessions" => {
                let of = Some(list_sessions_request::Of::QuizId(quiz_id));
                let request = ListSessionsRequest { of, acting_as, ..ListSessionsRequest::default() };
                quizzes.list_sessions(request).await.map(drop)
            }
            _ => panic!("{method} is not called here yet"),
        }
    }
}
