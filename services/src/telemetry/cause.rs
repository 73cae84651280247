//! What led to what, also where one thing waits for another, or many become one: a span that one
//! other led to is its child; one that several led to begins a trace of its own with links to them.

use std::time::{Duration, SystemTime};

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::is_on;
use crate::config::bounds::LINKS;

/// The span that led to something, and when what it did was acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    context: SpanContext,
    at: SystemTime,
}

/// The causes of one thing: as many as become links, and how many there were.
#[derive(Debug, Clone, Default)]
pub struct Causes {
    contexts: Vec<SpanContext>,
    count: usize,
    oldest: Option<SystemTime>,
}

/// The span that is current here; none while nothing is exported.
#[must_use]
pub fn here() -> Span {
    if is_on() { Span::current() } else { Span::none() }
}

impl Cause {
    /// The span that is current here, acknowledged now; none while nothing is exported.
    #[must_use]
    pub fn now() -> Option<Self> {
        if !is_on() {
            return None;
        }
        let context = Context::current().span().span_context().clone();
        Some(Self { context, at: SystemTime::now() })
    }

    /// The same acknowledgement as led on to by a later span.
    #[must_use]
    pub fn by(self, span: &Span) -> Self {
        Self { context: context(span), ..self }
    }

    /// What somebody else has told by [`Cause::traceparent`] and [`Cause::at`].
    #[must_use]
    pub fn told(traceparent: &str, at: SystemTime) -> Self {
        Self { context: read(traceparent).unwrap_or(SpanContext::NONE), at }
    }

    /// Links a span to it, also one that has begun.
    pub fn link_to(&self, span: &Span) {
        span.add_link(self.context.clone());
    }

    /// The span as W3C Trace Context writes it (version 00); empty if there is none.
    #[must_use]
    pub fn traceparent(&self) -> String {
        if !self.context.is_valid() {
            return String::new();
        }
        let (trace, span) = (self.context.trace_id(), self.context.span_id());
        format!("00-{trace}-{span}-{:02x}", self.context.trace_flags() & TraceFlags::SAMPLED)
    }

    /// When it was acknowledged.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at
    }

    /// How long ago it was acknowledged, by this machine's clock.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.at.elapsed().unwrap_or_default()
    }
}

impl From<Option<Cause>> for Causes {
    fn from(only: Option<Cause>) -> Self {
        let mut causes = Self::default();
        only.iter().for_each(|cause| causes.add(cause));
        causes
    }
}

impl Causes {
    /// Takes one more.
    pub fn add(&mut self, cause: &Cause) {
        self.add_context(&cause.context);
        self.oldest = Some(self.oldest.map_or(cause.at, |oldest| oldest.min(cause.at)));
    }

    /// Takes all of another.
    pub fn extend(&mut self, others: &Self) {
        for context in &others.contexts {
            self.add_context(context);
        }
        self.count += others.count - others.contexts.len();
        self.oldest = self.oldest.into_iter().chain(others.oldest).min();
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The acknowledgement of the oldest as led on to by `span`; none without causes.
    #[must_use]
    pub fn by(&self, span: &Span) -> Option<Cause> {
        Some(Cause { context: context(span), at: self.oldest? })
    }

    /// Makes a span follow from them, before it is entered.
    pub fn lead_to(&self, span: &Span) {
        match &*self.contexts {
            [only] if self.count == 1 => child(span, only),
            several => {
                let _ = span.set_parent(Context::new());
                several.iter().for_each(|context| span.add_link(context.clone()));
            }
        }
    }

    /// The cause, if it is the only one.
    #[must_use]
    pub fn only(&self) -> Option<Cause> {
        let context = self.contexts.first().cloned().unwrap_or(SpanContext::NONE);
        (self.count == 1).then_some(Cause { context, at: self.oldest? })
    }

    /// One that is sampled goes before one that is not: only it can be looked up.
    fn add_context(&mut self, context: &SpanContext) {
        self.count += 1;
        if !context.is_valid() {
            return;
        }
        if self.contexts.len() < LINKS {
            self.contexts.push(context.clone());
        } else if context.is_sampled()
            && let Some(place) = self.contexts.iter_mut().find(|held| !held.is_sampled())
        {
            *place = context.clone();
        }
    }
}

/// Makes a span follow from others that go on meanwhile; where it is not the child of the only
/// one, those that wait for it get links to it.
pub fn proceed<'a>(waiting: impl Iterator<Item = &'a Span> + Clone, span: &Span) {
    if !is_on() {
        return;
    }
    let mut causes = Causes::default();
    waiting.clone().for_each(|waiting| causes.add_context(&context(waiting)));
    causes.lead_to(span);
    if causes.count > 1 {
        let begun = context(span);
        waiting.for_each(|waiting| waiting.add_link(begun.clone()));
    }
}

/// Makes a span the child of one that may be elsewhere.
pub(super) fn child(span: &Span, parent: &SpanContext) {
    let _ = span.set_parent(Context::new().with_remote_span_context(parent.clone()));
}

fn context(span: &Span) -> SpanContext {
    span.context().span().span_context().clone()
}

/// Reads a `traceparent` of W3C Trace Context, of version 00 or, as far as that is known, a later one.
fn read(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_whole = is_hex(version, 2) && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    if !is_whole || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(number: u64, flags: TraceFlags, at: SystemTime) -> Cause {
        let context = SpanContext::new(TraceId::from(7), SpanId::from(number), flags, true, TraceState::NONE);
        Cause { context, at }
    }

    #[test]
    fn a_cause_reads_back_as_it_was_written() {
        let cause = cause(9, TraceFlags::SAMPLED, SystemTime::now());
        let text = cause.traceparent();
        assert_eq!(text, "00-00000000000000000000000000000007-0000000000000009-01");
        assert_eq!(read(&text), Some(cause.context));
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        assert!(read(&format!("00-{trace}-{span}-01")).is_some());
        assert!(read(&format!("cc-{trace}-{span}-01-what-the-future-holds")).is_some());
        for wrong in [
            String::new(),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-01-more"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-+7ad6b7169203331-01"),
        ] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn of_many_causes_32_become_links_sampled_ones_first_and_all_are_counted() {
        let (mut causes, now) = (Causes::default(), SystemTime::now());
        for number in 1..=100 {
            let flags = if number > 90 { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
            causes.add(&cause(number, flags, now - Duration::from_secs(number)));
        }
        assert_eq!((causes.contexts.len(), causes.count()), (LINKS, 100));
        assert_eq!(causes.contexts.iter().filter(|context| context.is_sampled()).count(), 10);
        let mut all = Causes::default();
        all.add(&cause(1, TraceFlags::SAMPLED, now));
        all.extend(&causes);
        assert_eq!((all.contexts.len(), all.count()), (LINKS, 101));
        assert_eq!(all.by(&Span::none()).map(|oldest| oldest.at), Some(now - Duration::from_secs(100)));
    }
}
