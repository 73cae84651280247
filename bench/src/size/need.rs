//! What a size needs of everything.

use super::{Costs, Plan};

/// How much of a processor is planned with: the rest is for bursts and for the loss of a neighbour.
pub(super) const USED: f64 = 0.6;

/// What the lines of the calculation have in common: numbers a second, and processors.
pub(super) struct Need {
    pub(super) sockets: f64,
    pub(super) answers: f64,
    pub(super) ticks: f64,
    pub(super) frames: f64,
    pub(super) writing: f64,
    pub(super) requests: f64,
    pub(super) gateways: f64,
    pub(super) scoring: f64,
    pub(super) scorings: f64,
    pub(super) readers: f64,
    pub(super) reads: f64,
    /// Calls that ask where sockets stand which are not among the rows.
    pub(super) standings: f64,
    pub(super) redis: f64,
}

impl Need {
    pub(super) fn of(plan: &Plan, costs: &Costs) -> Self {
        let [sockets, quizzes, answers] = [plan.sockets, plan.quizzes, plan.answers].map(f64::from);
        // No more states than changes, and no more than the interval allows.
        let ticks = (1000.0 / f64::from(plan.interval_ms.max(1))).min(answers / quizzes);
        let frames = sockets * ticks;
        let writing = frames * costs.frame_us / 1e6;
        let gateways = (writing / USED).max(sockets / 100_000.0).ceil();
        let processors = USED * f64::from(plan.scoring_processors);
        // A quiz whose sockets are on all gateways may be followed by every process.
        let followers = |processes: f64| gateways.min(processes).min(f64::from(plan.followers));
        let reads = |processes| quizzes * ticks * followers(processes);
        // At most once a second each gateway asks for all of a quiz's sockets that it has.
        let asked = sockets * ticks.min(1.0);
        let standings = quizzes * gateways.min(sockets / quizzes) * ticks.min(1.0);
        let scoring = |processes| {
            (answers * costs.scoring_us + reads(processes) * costs.scoring_read_us) / 1e6
                + costs.scoring_standings.processors(standings, asked)
        };
        let mut scorings: f64 = 2.0;
        while scorings * processors < scoring(scorings) {
            scorings += 1.0;
        }
        let (readers, reads, scoring) = (followers(scorings), reads(scorings), scoring(scorings));
        let redis = (answers * costs.redis_us + reads * costs.read_us) / 1e6
            + costs.redis_standings.processors(standings, asked);
        let requests = answers * costs.request_us / 1e6;
        Self {
            sockets,
            answers,
            ticks,
            frames,
            writing,
            requests,
            gateways,
            scoring,
            scorings,
            readers,
            reads,
            standings,
            redis,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::costs::Standings, *};

    const FREE: Standings = Standings { call_us: 0.0, seat_us: 0.0 };
    const COSTS: Costs = Costs {
        frame_us: 6.0,
        frame_bytes: 1000.0,
        whole_bytes: 9000.0,
        delta_bytes: 300.0,
        request_us: 50.0,
        socket_kib: 0.5,
        visit_us: 100.0,
        scoring_us: 24.0,
        postgres_us: 30.0,
        redis_us: 5.0,
        log_bytes: 500.0,
        table_bytes: 200.0,
        hot_rate: 15_000.0,
        read_us: 100.0,
        scoring_read_us: 0.0,
        redis_standings: FREE,
        scoring_standings: FREE,
    };

    fn plan(answers: u32, interval_ms: u32) -> Plan {
        let (sockets, quizzes, followers) = (1_000_000, 2000, u32::MAX);
        Plan { sockets, quizzes, answers, interval_ms, followers, scoring_processors: 4 }
    }

    #[test]
    fn writing_frames_decides_how_many_gateways_there_are_until_sockets_do() {
        assert_eq!(Need::of(&plan(100_000, 100), &COSTS).gateways, 100.0);
        assert_eq!(Need::of(&plan(100_000, 5000), &COSTS).gateways, 10.0);
    }

    #[test]
    fn a_quiet_quiz_has_no_more_states_than_changes() {
        let need = Need::of(&plan(1000, 50), &COSTS);
        assert_eq!((need.ticks, need.frames), (0.5, 500_000.0));
    }

    #[test]
    fn redis_serves_answers_and_every_process_that_follows_a_board() {
        let need = Need::of(&plan(100_000, 1000), &COSTS);
        assert_eq!((need.scorings, need.reads), (2.0, 4000.0));
        assert!((need.redis - 0.9).abs() < 1e-9, "{}", need.redis);
    }

    #[test]
    fn every_process_reads_every_board_unless_gateways_choose_it_by_the_quiz() {
        let costs = Costs { scoring_read_us: 160.0, ..COSTS };
        let all = Need::of(&plan(100_000, 50), &costs);
        let one = Need::of(&Plan { followers: 1, ..plan(100_000, 50) }, &costs);
        assert_eq!(one.reads, 40_000.0);
        assert!(all.reads > 100.0 * one.reads, "{}", all.reads);
    }

    #[test]
    fn every_gateway_asks_once_a_second_where_its_sockets_stand() {
        let redis_standings = Standings { call_us: 50.0, seat_us: 1.0 };
        let need = Need::of(&plan(100_000, 100), &Costs { redis_standings, ..COSTS });
        let without = Need::of(&plan(100_000, 100), &COSTS);
        assert_eq!(need.standings, 200_000.0);
        assert!((need.redis - without.redis - 11.0).abs() < 1e-9, "{}", need.redis);
    }
}
