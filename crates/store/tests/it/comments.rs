//! Comments on clients and on their calls, and mentions in them.

use std::collections::BTreeSet;

use hookswitch_model::{CallId, ClientId, CommentId, UserId};
use hookswitch_store::{
    ClientFields, ClientScope, Comment, CommentCursor, MAX_COMMENTS_OF_CALL, Mention, Role, StoreError,
};
use uuid::Uuid;

use crate::clients::{contact, make};
use crate::support::{Db, at, both, end, start};

fn comment(second: i64, client: ClientId, author: UserId, text: &str) -> Comment {
    Comment {
        id: CommentId::new(at(second), rand::random()),
        client_id: client,
        call_id: None,
        author_id: author,
        text: text.into(),
        mentions: BTreeSet::new(),
        created_at: at(second),
        edited_at: None,
    }
}

async fn add(db: &Db, comments: &[&Comment]) {
    for comment in comments {
        assert!(db.add_comment(comment).await.unwrap());
    }
}

both!(a_comment_is_kept_changed_and_deleted, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let cyd = db.new_user("cyd", Role::Operator).await;
    let client = make(&db, contact("Ann", &[])).await.id;
    let first = Comment { mentions: [ada, bob].into(), ..comment(1, client, ada, "@ADA @BOB call back\0") };
    assert!(db.add_comment(&first).await.unwrap());
    let kept = Comment { text: "@ADA @BOB call back\u{2400}".into(), ..first.clone() };
    assert_eq!(db.comment(first.id).await.unwrap(), Some(kept.clone()));
    assert_eq!(db.last_comment(client).await.unwrap(), Some(kept));

    let new = db.edit_comment(first.id, "@BOB @CYD", &[bob, cyd].into(), at(2)).await.unwrap();
    assert_eq!(new, Some([cyd].into()), "Bob was mentioned before");
    let edited = Comment {
        text: "@BOB @CYD".into(),
        mentions: [bob, cyd].into(),
        edited_at: Some(at(2)),
        ..first.clone()
    };
    assert_eq!(db.comment(first.id).await.unwrap(), Some(edited));

    let nobody = UserId(Uuid::from_u128(9));
    let wrong = Comment { mentions: [nobody].into(), ..comment(3, client, ada, "@nobody") };
    assert!(matches!(db.add_comment(&wrong).await, Err(StoreError::UnknownUser)));
    assert_eq!(db.comment(wrong.id).await.unwrap(), None);
    assert!(!db.add_comment(&comment(3, ClientId(Uuid::from_u128(9)), ada, "nowhere")).await.unwrap());

    assert!(db.delete_comment(first.id).await.unwrap());
    assert!(!db.delete_comment(first.id).await.unwrap());
    assert_eq!(db.edit_comment(first.id, "x", &BTreeSet::new(), at(4)).await.unwrap(), None);
    assert_eq!(db.last_comment(client).await.unwrap(), None);
    assert_eq!(db.mention_count(bob, false).await.unwrap(), 0);
});

both!(a_comment_stays_with_its_call_while_the_client_has_it, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    let (client, other) =
        (make(&db, contact("Ann", &[])).await.id, make(&db, contact("Other", &[])).await.id);
    let module = db.new_module().await;
    let call = db.report(module, 1, vec![start("a", "+4930111111", Some(ada)), end("a")]).await.1[0].id;
    db.set_client(call, Some(client)).await.unwrap();
    let about = |second, text| Comment { call_id: Some(call), ..comment(second, client, ada, text) };
    let (one, two) = (about(1, "one"), about(3, "two"));
    let free = comment(2, client, ada, "free");
    let elsewhere = comment(4, other, ada, "elsewhere");
    add(&db, &[&two, &free, &one, &elsewhere]).await;

    let asked = [call, CallId(Uuid::from_u128(1))];
    let under = db.comments_of_calls(client, &asked).await.unwrap();
    assert_eq!(under, [(call, vec![one.clone(), two.clone()])].into());
    assert_eq!(db.comments_of_calls(other, &asked).await.unwrap(), [].into());
    let alone = db.free_comments(client, None, 9).await.unwrap();
    assert_eq!(alone, std::slice::from_ref(&free));
    assert_eq!(db.last_comment(client).await.unwrap(), Some(two.clone()));

    db.set_client(call, Some(other)).await.unwrap();
    assert_eq!(db.free_comments(client, None, 9).await.unwrap(), [two.clone(), free.clone(), one.clone()]);
    let first = db.free_comments(client, None, 2).await.unwrap();
    let after = CommentCursor { created_at: first[1].created_at, id: first[1].id };
    assert_eq!(db.free_comments(client, Some(after), 2).await.unwrap(), [one]);

    for n in 2..MAX_COMMENTS_OF_CALL {
        add(&db, &[&about(n, "more")]).await;
    }
    assert!(!db.add_comment(&about(200, "too many")).await.unwrap());
});

both!(mentions_are_unseen_until_viewed, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let made = make(&db, contact("Ann", &[])).await;
    let client = made.id;
    let mentioning =
        |second, who: UserId| Comment { mentions: [who].into(), ..comment(second, client, ada, "look") };
    let (one, two, other) = (mentioning(1, bob), mentioning(2, bob), mentioning(3, ada));
    add(&db, &[&one, &two, &other]).await;
    assert_eq!(db.mention_count(bob, true).await.unwrap(), 2);
    let unseen = |comment: &Comment| Mention { comment: comment.clone(), seen_at: None };
    assert_eq!(db.mentions(bob, true, None, 9).await.unwrap(), [unseen(&two), unseen(&one)]);
    assert_eq!(db.mentions(bob, true, Some(two.id), 9).await.unwrap(), [unseen(&one)]);
    assert_eq!(db.mentions(bob, true, None, 1).await.unwrap(), [unseen(&two)]);

    db.see_mentions(bob, at(5)).await.unwrap();
    assert_eq!(db.mention_count(bob, true).await.unwrap(), 0);
    assert_eq!(db.mentions(bob, true, None, 1).await.unwrap()[0].seen_at, Some(at(5)));
    assert_eq!(db.mention_count(ada, true).await.unwrap(), 1, "Bob saw his mentions, not Ada");

    // Users who may see only their own clients do not see comments on others'.
    let adas = ClientFields { responsible: Some(ada), ..made.fields };
    db.update_client(client, made.version, &adas, false, ClientScope::All, at(6))
        .await
        .unwrap()
        .expect("changed");
    assert_eq!(db.mentions(bob, true, None, 9).await.unwrap(), []);
    assert_eq!(db.mentions(bob, false, None, 9).await.unwrap().len(), 2);
    assert_eq!(
        (db.mention_count(ada, true).await.unwrap(), db.mention_count(ada, false).await.unwrap()),
        (1, 1)
    );
});
