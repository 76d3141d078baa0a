//! Lists of outcome codes.

use hookswitch_model::{OutcomeId, OutcomeListId};
use hookswitch_store::{OutcomeCode, OutcomeList};
use uuid::Uuid;

use crate::support::{at, both};

fn code(n: u128, label: &str) -> OutcomeCode {
    OutcomeCode { id: OutcomeId(Uuid::from_u128(n)), label: label.into() }
}

both!(an_archived_code_keeps_its_label, |db| {
    let module = db.new_module().await;
    let sales = OutcomeList {
        id: OutcomeListId(Uuid::from_u128(1)),
        name: "Sales".into(),
        required: true,
        module_ids: vec![module],
        codes: vec![code(11, "Order"), code(12, "No interest")],
    };
    let support = OutcomeList {
        id: OutcomeListId(Uuid::from_u128(2)),
        name: "Support".into(),
        required: false,
        module_ids: Vec::new(),
        codes: vec![code(21, "Solved")],
    };
    assert!(db.save_outcome_list(&sales, at(1)).await.unwrap());
    assert!(db.save_outcome_list(&support, at(2)).await.unwrap());
    assert_eq!(db.outcome_lists().await.unwrap(), [sales.clone(), support.clone()]);

    // In another order, one with another label, one left out.
    let sales = OutcomeList {
        name: "Selling".into(),
        required: false,
        module_ids: Vec::new(),
        codes: vec![code(13, "Call again"), code(11, "Ordered")],
        ..sales
    };
    assert!(db.save_outcome_list(&sales, at(3)).await.unwrap());
    assert_eq!(db.outcome_lists().await.unwrap(), [sales.clone(), support.clone()]);
    let labels = db.outcome_labels().await.unwrap();
    assert_eq!(labels[&OutcomeId(Uuid::from_u128(12))], "No interest");
    assert_eq!(labels[&OutcomeId(Uuid::from_u128(11))], "Ordered");

    // A code cannot be taken from another list.
    let thief = OutcomeList { codes: vec![code(21, "Mine")], ..sales.clone() };
    assert!(db.save_outcome_list(&thief, at(4)).await.unwrap());
    assert_eq!(db.outcome_lists().await.unwrap()[1], support);

    assert!(db.archive_outcome_list(support.id, at(5)).await.unwrap());
    assert!(!db.archive_outcome_list(support.id, at(6)).await.unwrap());
    assert!(!db.save_outcome_list(&support, at(7)).await.unwrap(), "it was archived");
    let lists = db.outcome_lists().await.unwrap();
    assert_eq!(lists.iter().map(|list| list.id).collect::<Vec<_>>(), [sales.id]);
    assert_eq!(db.outcome_labels().await.unwrap()[&OutcomeId(Uuid::from_u128(21))], "Solved");
});
