//! Creating, changing and archiving clients, and the calls they adopt.

use hookswitch_model::{CallId, ClientId, ClientKind, MergeId, UserId};
use hookswitch_store::{
    Because, Client, ClientFields, ClientKeys, ClientPhone, ClientScope, ClientSource, ClientWrite,
    NewClient, Role, StoreError,
};

use crate::support::{Db, answer, at, both, end, start};

const LONDON: &str = "+442079460000";
const BERLIN: &str = "+4930901820";

/// A contact with this name and numbers in E.164.
pub fn contact(name: &str, numbers: &[&str]) -> ClientFields {
    let phone = |number: &&str| ClientPhone {
        label: None,
        number: (*number).to_owned(),
        e164: number.starts_with('+').then(|| (*number).to_owned()),
    };
    ClientFields {
        kind: ClientKind::Contact,
        name: name.to_owned(),
        company: None,
        responsible: None,
        phones: numbers.iter().map(phone).collect(),
        emails: Vec::new(),
        tags: Vec::new(),
        notes: None,
    }
}

pub fn new(fields: ClientFields) -> NewClient {
    let id = ClientId::new(at(0), rand::random());
    NewClient { id, fields, source: ClientSource::Hand, created_at: at(0) }
}

pub async fn make(db: &Db, fields: ClientFields) -> Client {
    db.create_client(&new(fields), ClientScope::All).await.unwrap()
}

async fn client_of(db: &Db, call: CallId) -> Option<ClientId> {
    db.call(call).await.unwrap().expect("a call").added.client_id
}

both!(a_client_is_stored_as_written, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    let acme = make(&db, ClientFields { kind: ClientKind::Company, ..contact("Acme", &[]) }).await;
    let fields = ClientFields {
        company: Some(acme.id),
        responsible: Some(ada),
        emails: vec!["Ann@Example.com".into()],
        tags: vec!["VIP".into()],
        notes: Some("Likes\ntea\0".into()),
        ..contact("Ann Élan", &[LONDON, "101"])
    };
    let made = make(&db, fields.clone()).await;
    let kept = db.client(made.id, ClientScope::All).await.unwrap().expect("a client");
    assert_eq!(kept, made);
    assert_eq!(kept.fields, ClientFields { notes: Some("Likes\ntea␀".into()), ..fields.clone() });
    assert_eq!((kept.company_name.as_deref(), kept.version), (Some("Acme"), 1));

    let changed = ClientFields { phones: contact("", &[BERLIN]).phones, company: None, ..fields };
    let after = db
        .update_client(made.id, 1, &changed, false, ClientScope::All, at(5))
        .await
        .unwrap()
        .expect("still version 1");
    assert_eq!((after.version, after.updated_at, after.created_at), (2, at(5), at(0)));
    assert_eq!((&after.fields.phones, &after.company_name), (&changed.phones, &None));
    let late = db.update_client(made.id, 1, &changed, false, ClientScope::All, at(6)).await.unwrap();
    assert_eq!(late, None, "it was changed meanwhile");
    let nobody = ClientId::new(at(1), [1; 10]);
    assert_eq!(db.update_client(nobody, 1, &changed, false, ClientScope::All, at(6)).await.unwrap(), None);
    assert_eq!(db.client(nobody, ClientScope::All).await.unwrap(), None);

    let away = db
        .update_client(made.id, 2, &changed, true, ClientScope::All, at(7))
        .await
        .unwrap()
        .expect("archived");
    assert_eq!(away.archived_at, Some(at(7)));
    let still = db
        .update_client(made.id, 3, &changed, true, ClientScope::All, at(8))
        .await
        .unwrap()
        .expect("still archived");
    assert_eq!(still.archived_at, Some(at(7)));
    let back = db
        .update_client(made.id, 4, &changed, false, ClientScope::All, at(9))
        .await
        .unwrap()
        .expect("restored");
    assert_eq!(back.archived_at, None);
});

both!(a_client_refers_only_to_existing_records, |db| {
    let nobody = Some(UserId::new(at(1), [1; 10]));
    let refused = db
        .create_client(&new(ClientFields { responsible: nobody, ..contact("Ann", &[]) }), ClientScope::All)
        .await;
    assert!(matches!(refused, Err(StoreError::UnknownReference)));
    let ann = make(&db, contact("Ann", &[])).await;
    let nothing = ClientFields { company: Some(ClientId::new(at(1), [1; 10])), ..contact("Ann", &[]) };
    let refused = db.update_client(ann.id, 1, &nothing, false, ClientScope::All, at(1)).await;
    assert!(matches!(refused, Err(StoreError::UnknownReference)));

    db.new_user("root", Role::Admin).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let bobs = make(&db, ClientFields { responsible: Some(bob), ..contact("Bea", &[]) }).await;
    db.delete_user(bob).await.unwrap();
    let kept = db.client(bobs.id, ClientScope::All).await.unwrap().expect("a client");
    assert_eq!(kept.fields.responsible, None, "a client outlives its responsible user");
});

both!(users_who_see_their_own_clients_see_unassigned_ones_too, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let of = |user| ClientFields { responsible: user, ..contact("Ann", &[LONDON]) };
    let adas = make(&db, of(Some(ada))).await.id;
    let bobs = make(&db, of(Some(bob))).await.id;
    let nobodys = make(&db, of(None)).await.id;
    let own = ClientScope::OwnOrUnassigned(ada);
    let sees = async |id| db.client(id, own).await.unwrap().is_some();
    assert_eq!((sees(adas).await, sees(nobodys).await, sees(bobs).await), (true, true, false));
    let keys = ClientKeys { numbers: vec![LONDON.into()], ..ClientKeys::default() };
    let found = db.duplicates(own, &keys, None, 10).await.unwrap();
    assert_eq!(found.iter().map(|(client, _)| client.id).collect::<Vec<_>>(), sorted([adas, nobodys]));
});

fn sorted<const N: usize>(mut ids: [ClientId; N]) -> [ClientId; N] {
    ids.sort();
    ids
}

both!(a_number_added_later_adopts_its_calls, |db| {
    let module = db.new_module().await;
    let before = db.report(module, 0, vec![start("a", LONDON, None), end("a")]).await.1[0].id;
    let other = db.report(module, 1, vec![start("b", BERLIN, None), end("b")]).await.1[0].id;
    let version = db.call(before).await.unwrap().expect("it").version;
    let ann = make(&db, contact("Ann", &[LONDON])).await;
    assert_eq!((client_of(&db, before).await, client_of(&db, other).await), (Some(ann.id), None));
    assert!(db.call(before).await.unwrap().expect("it").version > version);

    let both_numbers = contact("Ann", &[LONDON, BERLIN]);
    db.update_client(ann.id, 1, &both_numbers, false, ClientScope::All, at(2))
        .await
        .unwrap()
        .expect("changed");
    assert_eq!(client_of(&db, other).await, Some(ann.id));
});

both!(a_restricted_user_adopts_only_calls_they_may_see, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let talk = |id: &'static str, operator| vec![start(id, LONDON, operator), answer(id), end(id)];
    let bobs = db.report(module, 0, talk("a", Some(bob))).await.1[0].id;
    let adas = db.report(module, 10, talk("b", Some(ada))).await.1[0].id;
    let bobs_missed = db.report(module, 20, vec![start("c", LONDON, Some(bob)), end("c")]).await.1[0].id;
    let anybodys = db.report(module, 30, vec![start("d", LONDON, None), end("d")]).await.1[0].id;
    let own = ClientScope::OwnOrUnassigned(ada);
    let guessed = ClientFields { kind: ClientKind::Lead, ..contact("Guess", &[LONDON]) };
    let made = db.create_client(&new(guessed), own).await.unwrap();
    for (call, expected) in
        [(bobs, None), (adas, Some(made.id)), (bobs_missed, None), (anybodys, Some(made.id))]
    {
        assert_eq!(client_of(&db, call).await, expected);
    }
    // Nor by giving the number to an existing client, or by merging.
    let fields = ClientFields { phones: Vec::new(), ..made.fields.clone() };
    let without = db.update_client(made.id, 1, &fields, false, own, at(40)).await.unwrap().expect("changed");
    let again =
        db.update_client(made.id, 2, &made.fields, false, own, at(41)).await.unwrap().expect("changed");
    let other = make(&db, contact("Other", &[])).await;
    let merge = MergeId::new(at(42), [1; 10]);
    db.merge_clients(merge, &other, &again, ada, own, at(42)).await.unwrap().expect("merged");
    assert_eq!((client_of(&db, bobs).await, without.fields.phones.len()), (None, 0));
});

both!(calls_from_a_shared_number_have_no_client_until_somebody_chooses, |db| {
    let module = db.new_module().await;
    make(&db, contact("Ann", &[LONDON])).await;
    let call = db.report(module, 0, vec![start("a", BERLIN, None), end("a")]).await.1[0].id;
    let first = make(&db, contact("Bea", &[BERLIN])).await;
    assert_eq!(client_of(&db, call).await, Some(first.id));
    db.set_client(call, None).await.unwrap();
    make(&db, contact("Cid", &[BERLIN])).await;
    assert_eq!(client_of(&db, call).await, None);
});

both!(possible_duplicates_are_found, |db| {
    let with_email = ClientFields { emails: vec!["ANN@example.com".into()], ..contact("Ann Elan", &[]) };
    let one = make(&db, with_email).await.id;
    let two = make(&db, contact("Somebody", &[LONDON])).await.id;
    let gone = make(&db, contact("Ann Élan", &[LONDON])).await;
    db.update_client(gone.id, 1, &gone.fields, true, ClientScope::All, at(1)).await.unwrap();
    let keys = ClientKeys {
        numbers: vec![LONDON.into(), BERLIN.into()],
        emails: vec!["ann@EXAMPLE.com".into()],
        name: Some(" ann élan".into()),
    };
    let found = async |except, limit| {
        let found = db.duplicates(ClientScope::All, &keys, except, limit).await.unwrap();
        found.into_iter().map(|(client, because)| (client.id, because)).collect::<Vec<_>>()
    };
    let of_one = (one, [Because::Email, Because::Name].into());
    assert_eq!(found(None, 10).await, [(two, [Because::Phone].into()), of_one.clone()]);
    assert_eq!(found(None, 1).await.len(), 1);
    assert_eq!(found(Some(two), 10).await, [of_one]);
    let nothing = ClientKeys { name: Some(" ".into()), ..ClientKeys::default() };
    assert!(db.duplicates(ClientScope::All, &nothing, None, 10).await.unwrap().is_empty());
});

both!(a_lead_becomes_a_contact_of_a_company, |db| {
    let lead = make(&db, ClientFields { kind: ClientKind::Lead, ..contact("Ann", &[LONDON]) }).await;
    let acme = new(ClientFields { kind: ClientKind::Company, ..contact("Acme", &[]) });
    let contact =
        db.convert_lead(&lead, Some(&acme), ClientScope::All, at(3)).await.unwrap().expect("converted");
    assert_eq!((contact.fields.kind, contact.fields.company), (ClientKind::Contact, Some(acme.id)));
    assert_eq!(contact.company_name.as_deref(), Some("Acme"));
    let again = new(acme.fields.clone());
    assert_eq!(
        db.convert_lead(&lead, Some(&again), ClientScope::All, at(4)).await.unwrap(),
        None,
        "it is no lead any more"
    );
    assert_eq!(
        db.client(again.id, ClientScope::All).await.unwrap(),
        None,
        "no company is created without its contact"
    );
});

both!(several_clients_are_written_at_once, |db| {
    let ann = make(&db, contact("Ann", &[LONDON])).await;
    let acme = new(ClientFields { kind: ClientKind::Company, ..contact("Acme", &[]) });
    let bob = new(ClientFields { company: Some(acme.id), ..contact("Bob", &[BERLIN]) });
    let change = |version| {
        let fields =
            ann.with(&ClientFields { company: Some(acme.id), ..contact("Other", &[BERLIN, LONDON]) });
        ClientWrite::Change { id: ann.id, version, fields }
    };
    // In one transaction: an employee together with the new company.
    let writes = [ClientWrite::New(acme.clone()), change(1), ClientWrite::New(bob.clone()), change(1)];
    assert_eq!(db.write_clients(&writes, at(3)).await.unwrap(), [true, true, true, false]);
    let ann = db.client(ann.id, ClientScope::All).await.unwrap().expect("a client");
    assert_eq!((ann.fields.name.as_str(), ann.company_name.as_deref()), ("Ann", Some("Acme")));
    assert_eq!(ann.fields.phones, contact("", &[LONDON, BERLIN]).phones, "existing numbers come first");

    let nobody = Some(UserId::new(at(1), [1; 10]));
    let wrong = new(ClientFields { responsible: nobody, ..contact("Cid", &[]) });
    let right = new(contact("Dan", &[]));
    let refused = db.write_clients(&[ClientWrite::New(right.clone()), ClientWrite::New(wrong)], at(4)).await;
    assert!(matches!(refused, Err(StoreError::UnknownReference)));
    assert_eq!(db.client(right.id, ClientScope::All).await.unwrap(), None, "all or none");
    assert!(db.write_clients(&[], at(5)).await.unwrap().is_empty());
});
