//! Reports, and the counters stored for them with the calls.

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::batch::TargetedFact;
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::report_counters::CallCounters;
use hookswitch_model::{CallId, Fact, FactKind, ModuleId, OutcomeId, Parties, RequestId, UserId};
use hookswitch_store::{OperatorFigures, ReportFilter, Role};
use uuid::Uuid;

use crate::support::{Db, answer, at, both, end, fact, incoming, of_id, processed, record, start};

/// The time this many hours into the tests, which begin at midnight.
fn hour(n: i64) -> DateTime<Utc> {
    at(n * 3600)
}

fn between(from: i64, to: i64) -> ReportFilter {
    ReportFilter { from: hour(from), to: hour(to), module_id: None, direction: None }
}

/// A call in this hour that rings at an operator for 30 seconds.
async fn missed(db: &Db, module: ModuleId, n: i64, client: &str, operator: UserId) -> CallId {
    let id = format!("missed {n} {client}");
    db.report(module, n * 3600, vec![start(&id, client, Some(operator))]).await;
    db.report(module, n * 3600 + 30, vec![end(&id)]).await.1[0].id
}

/// A call in this hour, answered after 10 seconds by the operator, who talks for a minute.
async fn talk(db: &Db, module: ModuleId, n: i64, begin: TargetedFact) -> CallId {
    let id = format!("talk {n}");
    db.report(module, n * 3600, vec![begin]).await;
    db.report(module, n * 3600 + 10, vec![answer(&id)]).await;
    db.report(module, n * 3600 + 70, vec![end(&id)]).await.1[0].id
}

/// The operator calls the client.
fn out(id: &str, client: &str, operator: UserId) -> TargetedFact {
    let parties = Parties {
        direction: Direction::Out,
        src: "101".into(),
        dst: client.into(),
        ..incoming(client, Some(operator))
    };
    of_id(id, Fact { parties: Some(parties), ..fact(FactKind::Start) })
}

const ANSWERED: CallCounters = CallCounters {
    calls: 1,
    answered: 1,
    answers_timed: 1,
    answer_seconds: 10,
    answered_soon: 1,
    talk_seconds: 60,
    missed: 0,
    reached: 0,
    reached_seconds: 0,
};
const NONE: CallCounters = CallCounters {
    calls: 0,
    answered: 0,
    answers_timed: 0,
    answer_seconds: 0,
    answered_soon: 0,
    talk_seconds: 0,
    ..ANSWERED
};
const MISSED: CallCounters = CallCounters { calls: 1, missed: 1, ..NONE };

fn operator(user_id: UserId, figures: [i64; 4]) -> OperatorFigures {
    let [calls, answered, missed, talk_seconds] = figures;
    OperatorFigures { user_id, calls, answered, missed, talk_seconds }
}

both!(a_report_counts_the_calls_of_its_hours, |db| {
    let (module, other) = (db.new_module().await, db.new_module().await);
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    talk(&db, module, 1, start("talk 1", "+4930111111", Some(ada))).await;
    missed(&db, module, 1, "+4930222222", ada).await;
    missed(&db, other, 26, "+4930333333", bob).await;
    talk(&db, module, 27, out("talk 27", "+4930444444", bob)).await;
    // This one is not over.
    db.report(module, 2 * 3600, vec![start("rings", "+4930555555", Some(ada))]).await;

    let mut both = ANSWERED;
    both += MISSED;
    let all = between(0, 48);
    let hours = [(hour(1), both), (hour(26), MISSED), (hour(27), ANSWERED)];
    assert_eq!(db.report_hours(&all).await.unwrap(), hours);
    assert_eq!(db.report_hours(&between(2, 27)).await.unwrap(), [(hour(26), MISSED)]);
    let of_other = ReportFilter { module_id: Some(other), ..all };
    assert_eq!(db.report_hours(&of_other).await.unwrap(), [(hour(26), MISSED)]);
    let outgoing = ReportFilter { direction: Some(Direction::Out), ..all };
    assert_eq!(db.report_hours(&outgoing).await.unwrap(), [(hour(27), ANSWERED)]);

    let mut operators = [operator(ada, [2, 1, 1, 60]), operator(bob, [2, 1, 1, 60])];
    operators.sort_by_key(|operator| operator.user_id);
    assert_eq!(db.report_operators(&all).await.unwrap(), operators);
    assert_eq!(db.report_operators(&of_other).await.unwrap(), [operator(bob, [1, 0, 1, 0])]);
    assert_eq!(db.report_operators(&outgoing).await.unwrap(), [operator(bob, [1, 1, 0, 60])]);
    let (answered, unknown) = (Disposition::Answered, Disposition::Unknown);
    assert_eq!(db.report_dispositions(&all).await.unwrap(), [(answered, 2), (unknown, 2)]);
    assert_eq!(db.report_dispositions(&of_other).await.unwrap(), [(unknown, 1)]);
});

both!(whole_days_and_the_surrounding_hours_add_up, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let order = OutcomeId(Uuid::from_u128(1));
    let called = [0, 1, 23, 24, 25, 47, 48, 60, 71, 72];
    for n in called {
        let call = missed(&db, module, n, &format!("+4930{n:06}"), ada).await;
        db.set_outcome(call, Some(order)).await.unwrap();
    }
    for (from, to) in
        [(0, 72), (0, 73), (1, 72), (1, 71), (2, 23), (20, 30), (23, 25), (24, 48), (30, 80), (5, 5)]
    {
        let filter = between(from, to);
        let calls = called.iter().filter(|n| (from..to).contains(*n)).count() as i64;
        let some = |figures| if calls > 0 { vec![figures] } else { Vec::new() };
        let found = db.report_operators(&filter).await.unwrap();
        assert_eq!(found, some(operator(ada, [calls, 0, calls, 0])), "from {from} to {to}");
        assert_eq!(
            db.report_outcomes(&filter).await.unwrap(),
            if calls > 0 { vec![(order, calls)] } else { vec![] }
        );
        let dispositions = db.report_dispositions(&filter).await.unwrap();
        assert_eq!(dispositions.iter().map(|(_, calls)| calls).sum::<i64>(), calls);
    }
    let not_whole = ReportFilter { from: hour(1) + TimeDelta::seconds(1), ..between(0, 25) };
    assert_eq!(db.report_operators(&not_whole).await.unwrap(), [operator(ada, [2, 0, 2, 0])]);
});

both!(counters_follow_later_reports, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let (order, none) = (OutcomeId(Uuid::from_u128(1)), OutcomeId(Uuid::from_u128(2)));
    let all = between(0, 48);
    let call = missed(&db, module, 1, "+4930111111", ada).await;
    db.set_outcome(call, Some(order)).await.unwrap();
    db.set_outcome(call, Some(none)).await.unwrap();
    assert_eq!(db.report_outcomes(&all).await.unwrap(), [(none, 1)]);

    // An hour after it began, somebody talks with the caller.
    talk(&db, module, 2, out("talk 2", "+4930111111", ada)).await;
    let reached = CallCounters { reached: 1, reached_seconds: 3610, ..MISSED };
    assert_eq!(db.report_hours(&all).await.unwrap(), [(hour(1), reached), (hour(2), ANSWERED)]);

    // The provider's record says that it was answered after all, but not when.
    db.report(module, 3 * 3600, vec![record("missed 1 +4930111111", 25)]).await;
    let answered = CallCounters { calls: 1, answered: 1, talk_seconds: 25, ..NONE };
    assert_eq!(db.report_hours(&all).await.unwrap()[0], (hour(1), answered));
    assert_eq!(db.report_dispositions(&all).await.unwrap(), [(Disposition::Answered, 2)]);
    db.set_outcome(call, None).await.unwrap();
    assert_eq!(db.report_outcomes(&all).await.unwrap(), []);
    assert_eq!(db.report_operators(&all).await.unwrap(), [operator(ada, [2, 1, 0, 60])]);
});

both!(a_replay_with_another_result_counts_once, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let facts = || vec![start("a", "+4930111111", Some(ada)), end("a")];
    let request: RequestId = db.report(module, 3600, facts()).await.0;
    assert_eq!(db.report_hours(&between(0, 48)).await.unwrap(), [(hour(1), MISSED)]);
    let mut anew =
        processed(module, request, 3600, vec![start("a", "+4930111111", Some(ada)), answer("a"), end("a")]);
    anew.submission.replace = true;
    db.apply(anew).await.unwrap();
    let answered = CallCounters { answer_seconds: 0, talk_seconds: 0, ..ANSWERED };
    assert_eq!(db.report_hours(&between(0, 48)).await.unwrap(), [(hour(1), answered)]);
    assert_eq!(db.report_dispositions(&between(0, 48)).await.unwrap(), [(Disposition::Answered, 1)]);
});
