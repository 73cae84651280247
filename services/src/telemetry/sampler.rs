//! Which traces are kept: as `OTEL_TRACES_SAMPLER` says and, where traces meet, as was decided of
//! those that meet, so that what is kept can be followed to its end.

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt as _, TraceId},
};
use opentelemetry_sdk::trace::{Config, SamplingDecision, SamplingResult, ShouldSample};

/// Decides of a span without a parent that has links by these, and otherwise as another sampler.
#[derive(Debug, Clone)]
pub(super) struct ByLinks(Box<dyn ShouldSample>);

impl ByLinks {
    /// Takes the other sampler from the environment.
    pub(super) fn from_env() -> Self {
        Self(Config::default().sampler)
    }
}

impl ShouldSample for ByLinks {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let has_parent = parent.is_some_and(|parent| parent.span().span_context().is_valid());
        if has_parent || links.is_empty() {
            return self.0.should_sample(parent, trace, name, kind, attributes, links);
        }
        let is_kept = links.iter().any(|link| link.span_context.is_sampled());
        SamplingResult {
            decision: if is_kept { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
            attributes: Vec::new(),
            trace_state: Default::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags};
    use opentelemetry_sdk::trace::Sampler;

    use super::*;

    fn link(flags: TraceFlags) -> Link {
        let context = SpanContext::new(TraceId::from(1), SpanId::from(1), flags, true, Default::default());
        Link::new(context, Vec::new(), 0)
    }

    fn decision(other: Sampler, links: &[Link]) -> SamplingDecision {
        let kind = SpanKind::Internal;
        ByLinks(Box::new(other)).should_sample(None, TraceId::from(2), "", &kind, &[], links).decision
    }

    #[test]
    fn where_traces_meet_the_new_one_is_kept_if_one_of_them_is() {
        let (kept, dropped) = (link(TraceFlags::SAMPLED), link(TraceFlags::NOT_SAMPLED));
        let met = [dropped.clone(), kept];
        assert_eq!(decision(Sampler::AlwaysOff, &met), SamplingDecision::RecordAndSample);
        assert_eq!(decision(Sampler::AlwaysOn, &[dropped]), SamplingDecision::Drop);
    }

    #[test]
    fn without_links_the_other_sampler_decides() {
        assert_eq!(decision(Sampler::AlwaysOff, &[]), SamplingDecision::Drop);
        assert_eq!(decision(Sampler::AlwaysOn, &[]), SamplingDecision::RecordAndSample);
    }
}
