//! Users, sessions, tokens.

use hookswitch_model::{TokenId, UserId};
use hookswitch_store::{NewSession, NewToken, NewUser, OpenToken, Role, StoreError, UserPatch};

use crate::support::{at, both};

both!(logins_ignore_case, |db| {
    let ada = db.new_user("Ada", Role::Admin).await;
    assert_eq!(db.user_by_login("aDA").await.unwrap().expect("found").id, ada);
    assert_eq!(db.user(ada).await.unwrap().expect("found").login, "Ada");
    let same = NewUser {
        id: UserId::new(at(1), [1; 10]),
        login: "ADA".into(),
        name: "Another".into(),
        email: None,
        role: Role::Operator,
        password_hash: None,
        created_at: at(1),
    };
    assert!(matches!(db.create_user(&same).await, Err(StoreError::LoginTaken)));
    let bob = db.new_user("bob", Role::Operator).await;
    let taken = UserPatch { login: Some("ada".into()), ..UserPatch::default() };
    assert!(matches!(db.update_user(bob, &taken).await, Err(StoreError::LoginTaken)));
});

both!(a_patch_changes_only_what_it_names, |db| {
    let id = db.new_user("ada", Role::Admin).await;
    let set = UserPatch {
        email: Some(Some("ada@example.org".into())),
        password_hash: Some(Some("$argon2id$".into())),
        ..UserPatch::default()
    };
    let user = db.update_user(id, &set).await.unwrap().expect("a user");
    assert_eq!((user.login.as_str(), user.name.as_str(), user.role), ("ada", "ADA", Role::Admin));
    assert_eq!(user.email.as_deref(), Some("ada@example.org"));
    let unset = UserPatch { email: Some(None), name: Some("Ada L".into()), ..UserPatch::default() };
    let user = db.update_user(id, &unset).await.unwrap().expect("a user");
    assert_eq!((user.email, user.name.as_str()), (None, "Ada L"));
    assert_eq!(user.password_hash.as_deref(), Some("$argon2id$"));
    let nobody = UserId::new(at(5), [9; 10]);
    assert_eq!(db.update_user(nobody, &unset).await.unwrap(), None);
});

both!(the_last_administrator_stays, |db| {
    let ada = db.new_user("ada", Role::Admin).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let demoted = UserPatch { role: Some(Role::Operator), ..UserPatch::default() };
    let sent_away = UserPatch { active: Some(false), ..UserPatch::default() };
    assert!(matches!(db.update_user(ada, &demoted).await, Err(StoreError::LastAdmin)));
    assert!(matches!(db.update_user(ada, &sent_away).await, Err(StoreError::LastAdmin)));
    assert!(matches!(db.delete_user(ada).await, Err(StoreError::LastAdmin)));
    assert_eq!(db.user(ada).await.unwrap().expect("still there").role, Role::Admin);

    let promoted = UserPatch { role: Some(Role::Admin), ..UserPatch::default() };
    db.update_user(bob, &promoted).await.unwrap();
    assert!(db.delete_user(ada).await.unwrap());
    assert!(!db.delete_user(ada).await.unwrap());
});

both!(two_administrators_cannot_leave_at_the_same_time, |db| {
    let other = db.second().await;
    for round in 0..10 {
        let ada = db.new_user(&format!("ada{round}"), Role::Admin).await;
        let bob = db.new_user(&format!("bob{round}"), Role::Admin).await;
        let sent_away = UserPatch { active: Some(false), ..UserPatch::default() };
        for user in db.users().await.unwrap() {
            if user.id != ada && user.id != bob && user.active {
                db.update_user(user.id, &sent_away).await.unwrap();
            }
        }
        let (one, two) = tokio::join!(db.update_user(ada, &sent_away), other.delete_user(bob));
        let refused = [one.err(), two.err()].into_iter().flatten().collect::<Vec<_>>();
        assert!(matches!(refused.as_slice(), [StoreError::LastAdmin]), "{refused:?}");
    }
    other.close().await;
});

both!(a_session_lasts_until_it_expires, |db| {
    let ada = db.new_user("ada", Role::Admin).await;
    let session = |hash: u8| NewSession {
        token_hash: vec![hash; 32],
        user_id: ada,
        created_at: at(0),
        expires_at: at(100),
    };
    for hash in [1, 2, 3] {
        db.create_session(&session(hash)).await.unwrap();
    }
    let found = db.session(&[1; 32], at(99)).await.unwrap().expect("a session");
    assert_eq!((found.user.id, found.expires_at), (ada, at(100)));
    assert!(db.session(&[1; 32], at(100)).await.unwrap().is_none());
    assert!(db.session(&[9; 32], at(1)).await.unwrap().is_none());

    let longer = NewSession { expires_at: at(200), ..session(4) };
    db.create_session(&longer).await.unwrap();
    assert_eq!(db.purge_sessions(at(150)).await.unwrap(), 3);
    assert!(db.delete_session(&[4; 32]).await.unwrap());
    assert!(!db.delete_session(&[4; 32]).await.unwrap());

    for hash in [4, 5] {
        db.create_session(&session(hash)).await.unwrap();
    }
    assert_eq!(db.delete_sessions_of(ada, Some(&[4; 32])).await.unwrap(), 1);
    assert!(db.session(&[4; 32], at(1)).await.unwrap().is_some());
    let stranger = NewSession { user_id: UserId::new(at(1), [1; 10]), ..session(7) };
    assert!(matches!(db.create_session(&stranger).await, Err(StoreError::UnknownUser)));
});

both!(deactivated_users_are_signed_out_at_once, |db| {
    db.new_user("root", Role::Admin).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let session =
        NewSession { token_hash: vec![1; 32], user_id: bob, created_at: at(0), expires_at: at(100) };
    db.create_session(&session).await.unwrap();
    db.create_token(&token(bob, 2)).await.unwrap();
    let sent_away = UserPatch { active: Some(false), ..UserPatch::default() };
    db.update_user(bob, &sent_away).await.unwrap();
    assert!(db.session(&[1; 32], at(1)).await.unwrap().is_none());
    assert!(db.token_by_hash(&[2; 32], at(1)).await.unwrap().is_none());
    assert!(db.delete_user(bob).await.unwrap());
    assert!(db.tokens(None).await.unwrap().is_empty());
});

fn token(user: UserId, hash: u8) -> NewToken {
    NewToken {
        id: TokenId::new(at(i64::from(hash)), [hash; 10]),
        token_hash: vec![hash; 32],
        user_id: user,
        name: format!("token {hash}"),
        created_at: at(0),
        expires_at: None,
    }
}

both!(tokens_authenticate_their_user, |db| {
    let ada = db.new_user("ada", Role::Admin).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let lasting = db.create_token(&token(ada, 1)).await.unwrap();
    let passing = NewToken { expires_at: Some(at(10)), ..token(bob, 2) };
    db.create_token(&passing).await.unwrap();

    let open = db.token_by_hash(&[1; 32], at(1000)).await.unwrap().expect("found");
    let OpenToken { id, user, expires_at } = &open;
    assert_eq!((*id, user.id, *expires_at), (lasting.id, ada, None));
    assert_eq!(db.open_token(lasting.id, at(1000)).await.unwrap(), Some(open));
    assert_eq!(
        db.open_token(passing.id, at(9)).await.unwrap().and_then(|token| token.expires_at),
        Some(at(10))
    );
    assert!(db.open_token(passing.id, at(10)).await.unwrap().is_none());
    assert!(db.token_by_hash(&[2; 32], at(9)).await.unwrap().is_some());
    assert!(db.token_by_hash(&[2; 32], at(10)).await.unwrap().is_none());

    db.touch_token(lasting.id, at(7)).await.unwrap();
    let of_ada = db.tokens(Some(ada)).await.unwrap();
    assert_eq!(of_ada.iter().map(|token| token.last_used_at).collect::<Vec<_>>(), [Some(at(7))]);
    assert_eq!(db.tokens(None).await.unwrap().len(), 2);

    assert!(db.delete_token(lasting.id, Some(bob)).await.unwrap().is_none());
    let deleted = db.delete_token(lasting.id, Some(ada)).await.unwrap().expect("a token");
    assert_eq!((deleted.id, deleted.user_id), (lasting.id, ada));
    assert!(db.delete_token(passing.id, None).await.unwrap().is_some());
    db.create_token(&passing).await.unwrap();
    db.create_token(&token(ada, 3)).await.unwrap();
    assert_eq!(db.delete_tokens_of(bob).await.unwrap(), 1);
    assert_eq!(db.tokens(None).await.unwrap().len(), 1);
});
