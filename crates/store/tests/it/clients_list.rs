//! Lists of clients, and search.

use hookswitch_model::{ClientId, ClientKind};
use hookswitch_store::{ClientFields, ClientFilter, ClientScope, ClientSearch, Role};

use crate::clients::{contact, make};
use crate::support::{Db, both};

async fn names(db: &Db, scope: ClientScope, filter: &ClientFilter) -> Vec<String> {
    let page = db.clients(scope, filter, None, 50).await.unwrap();
    assert_eq!(page.next, None);
    page.items.into_iter().map(|client| client.fields.name).collect()
}

both!(clients_are_listed_by_name_and_filtered, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let acme = make(&db, ClientFields { kind: ClientKind::Company, ..contact("acme", &[]) }).await.id;
    make(&db, ClientFields { company: Some(acme), tags: vec!["VIP".into()], ..contact("Élan", &[]) }).await;
    let lead =
        ClientFields { kind: ClientKind::Lead, responsible: Some(ada), ..contact("Zoe", &["+442079460000"]) };
    make(&db, lead).await;
    make(&db, ClientFields { responsible: Some(bob), ..contact("Eve", &[]) }).await;
    let gone = make(&db, contact("Gone", &[])).await;
    db.update_client(gone.id, 1, &gone.fields, true, ClientScope::All, gone.created_at)
        .await
        .unwrap()
        .expect("archived");

    let all = ClientFilter::default;
    let listed = async |filter| names(&db, ClientScope::All, &filter).await;
    assert_eq!(listed(all()).await, ["acme", "Élan", "Eve", "Zoe"], "accents and case do not matter");
    assert_eq!(listed(ClientFilter { kind: Some(ClientKind::Lead), ..all() }).await, ["Zoe"]);
    assert_eq!(listed(ClientFilter { responsible: Some(Some(bob)), ..all() }).await, ["Eve"]);
    assert_eq!(listed(ClientFilter { responsible: Some(None), ..all() }).await, ["acme", "Élan"]);
    assert_eq!(listed(ClientFilter { company: Some(acme), ..all() }).await, ["Élan"]);
    assert_eq!(listed(ClientFilter { tag: Some("vip".into()), ..all() }).await, ["Élan"]);
    assert!(listed(ClientFilter { tag: Some("vi".into()), ..all() }).await.is_empty());
    let numbers = Some(vec!["+442079460000".into(), "+4930901820".into()]);
    assert_eq!(listed(ClientFilter { numbers, ..all() }).await, ["Zoe"]);
    assert_eq!(listed(ClientFilter { archived: true, ..all() }).await, ["Gone"]);

    let own = ClientScope::OwnOrUnassigned(ada);
    assert_eq!(names(&db, own, &all()).await, ["acme", "Élan", "Zoe"]);
    assert_eq!(names(&db, own, &ClientFilter { archived: true, ..all() }).await, ["Gone"]);
    assert_eq!(names(&db, own, &ClientFilter { responsible: Some(Some(ada)), ..all() }).await, ["Zoe"]);
    assert!(names(&db, own, &ClientFilter { responsible: Some(Some(bob)), ..all() }).await.is_empty());
});

both!(pages_of_clients_follow_each_other, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    for (place, name) in ["Ann", "ann", "Ánn", "Bea", "Cid", "Dan", "Eve"].into_iter().enumerate() {
        let responsible = (place % 2 == 0).then_some(ada);
        make(&db, ClientFields { responsible, ..contact(name, &[]) }).await;
    }
    for scope in [ClientScope::All, ClientScope::OwnOrUnassigned(ada)] {
        let mut paged: Vec<ClientId> = Vec::new();
        let mut after = None;
        loop {
            let page = db.clients(scope, &ClientFilter::default(), after.as_ref(), 2).await.unwrap();
            paged.extend(page.items.iter().map(|client| client.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let all = db.clients(scope, &ClientFilter::default(), None, 50).await.unwrap();
        assert_eq!(paged, all.items.iter().map(|client| client.id).collect::<Vec<_>>());
        assert_eq!(paged.len(), 7);
    }
});

async fn search(db: &Db, scope: ClientScope, typed: &str) -> Vec<String> {
    // As the server reads numbers with a British module.
    let e164 = |number: &str| {
        let country = "GB".parse().ok();
        hookswitch_model::phone::e164(number, country).into_iter().collect()
    };
    let search = ClientSearch::new(typed, false, e164);
    let found = db.search_clients(scope, &ClientFilter::default(), &search, 10).await.unwrap();
    found.into_iter().map(|client| client.fields.name).collect()
}

both!(a_client_is_found_by_any_of_its_fields, |db| {
    let jose = ClientFields {
        emails: vec!["Pepe.Garcia@example.com".into()],
        tags: vec!["Wholesale".into()],
        ..contact("José García-Núñez", &["+442079460000", "+4930901820"])
    };
    make(&db, jose).await;
    make(&db, contact("Joseph Smith", &["+442079461111", "101"])).await;
    make(&db, contact("Anna Joss", &["+16502530000"])).await;
    let found = async |typed: &str| search(&db, ClientScope::All, typed).await;
    for typed in [
        "jose g",
        "GARCIA jose",
        "núñ",
        "nunez",
        "García-N",
        "020 7946 0000",
        "02079460000",
        "+44 20 7946 0000",
        "+44 (0)20 7946 0000",
        "0044207946000",
        "2079460000",
        "442079460000",
        "20 7946 0000",
        "030901820",
        "4930",
        "pepe.garcia@ex",
        "PEPE.gar",
        "garcia",
        "#whole",
        "#Wholesale jose",
        "jose 020 7946 0000",
    ] {
        assert_eq!(found(typed).await, ["José García-Núñez"], "{typed}");
    }
    assert_eq!(found("02079").await, ["José García-Núñez", "Joseph Smith"]);
    assert_eq!(found("101").await, ["Joseph Smith"]);
    assert_eq!(
        found("jos").await,
        ["José García-Núñez", "Joseph Smith", "Anna Joss"],
        "names starting this way come first"
    );
    for typed in ["", "  ", "+", "x", "joseph garcia", "jose 030 901821", "946 0000", "#", "jose@"] {
        let all = if typed == "#" { vec!["José García-Núñez"] } else { vec![] };
        assert_eq!(found(typed).await, all, "{typed}");
    }
});

both!(a_search_respects_the_scope, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    for (user, name) in [(Some(ada), "Ann A"), (Some(bob), "Ann B"), (None, "Ann N")] {
        make(&db, ClientFields { responsible: user, ..contact(name, &["+442079460000"]) }).await;
    }
    let own = ClientScope::OwnOrUnassigned(ada);
    assert_eq!(search(&db, own, "ann").await, ["Ann A", "Ann N"]);
    assert_eq!(search(&db, own, "02079460000").await, ["Ann A", "Ann N"]);
    let of_bob = ClientFilter { responsible: Some(Some(bob)), ..ClientFilter::default() };
    let search = ClientSearch::new("ann", false, |_| Vec::new());
    assert!(db.search_clients(own, &of_bob, &search, 10).await.unwrap().is_empty());
    assert_eq!(db.search_clients(ClientScope::All, &of_bob, &search, 10).await.unwrap().len(), 1);
});

both!(hidden_numbers_are_not_found_by_prefix, |db| {
    make(&db, contact("Ann", &["+442079460000"])).await;
    let found = async |typed: &str| {
        let e164 =
            |number: &str| hookswitch_model::phone::e164(number, "GB".parse().ok()).into_iter().collect();
        let search = ClientSearch::new(typed, true, e164);
        let found = db.search_clients(ClientScope::All, &ClientFilter::default(), &search, 10).await.unwrap();
        found.len()
    };
    for whole in ["020 7946 0000", "+442079460000", "2079460000", "ann"] {
        assert_eq!(found(whole).await, 1, "{whole}");
    }
    for part in ["020 7946", "4420", "+4420", "4420,", "ann 4420", "４４２０", "(44)20", "44_20"] {
        assert_eq!(found(part).await, 0, "{part}");
    }
});
