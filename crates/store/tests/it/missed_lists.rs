//! An operator's list of missed callers, its count and the permission to close always agree.

use std::collections::BTreeSet;

use hookswitch_model::batch::TargetedFact;
use hookswitch_model::{CallId, ClientId, ModuleId, UserId};
use hookswitch_store::{ClientFields, ClientScope, MissedCaller, ModulePatch, Role, UserPatch};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, IteratorRandom as _};
use rand::{Rng as _, SeedableRng as _};

use crate::clients::{contact, make};
use crate::support::{Db, answer, at, both, end, start};

const CALLERS: [&str; 4] = ["+4930111111", "+4930222222", "+4930333333", "anonymous"];

/// An office in which things happen in random order.
struct Office {
    db: Db,
    chance: StdRng,
    modules: Vec<ModuleId>,
    operators: Vec<UserId>,
    admin: UserId,
    clients: Vec<ClientId>,
    second: i64,
}

impl Office {
    async fn open(db: &Db, seed: u64) -> Self {
        let mut operators = Vec::new();
        for login in ["ada", "bob", "cem"] {
            operators.push(db.new_user(login, Role::Operator).await);
        }
        let modules = vec![db.new_module().await, db.new_module().await];
        let named = ModulePatch { missed_responsible: Some(Some(operators[2])), ..ModulePatch::default() };
        db.update_module(modules[1], &named, at(0)).await.unwrap().expect("a module");
        let mut clients = Vec::new();
        for number in &CALLERS[..2] {
            clients.push(make(db, contact("Zoe", &[number])).await.id);
        }
        let admin = db.new_user("root", Role::Admin).await;
        Self {
            db: db.clone(),
            chance: StdRng::seed_from_u64(seed),
            modules,
            operators,
            admin,
            clients,
            second: 0,
        }
    }

    fn any_operator(&mut self) -> Option<UserId> {
        let any = self.operators.choose(&mut self.chance).copied();
        any.filter(|_| self.chance.random_bool(0.7))
    }

    /// Makes one thing happen.
    async fn go_on(&mut self) {
        self.second += 60;
        let at = at(self.second);
        match self.chance.random_range(0..10) {
            0..5 => {
                let (module, caller) = (self.modules[self.chance.random_range(0..2)], self.any_caller());
                let (first, second) = (self.any_operator(), self.any_operator());
                let id = format!("call {}", self.second);
                let rings = vec![start(&id, caller, first), also(start(&id, caller, second)), end(&id)];
                self.db.report(module, self.second, rings).await;
            }
            5 => {
                let (caller, operator) = (self.any_caller(), self.any_operator());
                let id = format!("talk {}", self.second);
                let talk = vec![start(&id, caller, operator), answer(&id), end(&id)];
                self.db.report(self.modules[0], self.second, talk).await;
            }
            6 => {
                let client = self.clients[self.chance.random_range(0..self.clients.len())];
                let before = self.db.client(client, ClientScope::All).await.unwrap().expect("a client");
                let fields = ClientFields { responsible: self.any_operator(), ..before.fields };
                let changed =
                    self.db.update_client(client, before.version, &fields, false, ClientScope::All, at).await;
                changed.unwrap().expect("the current version");
            }
            7 => {
                let operator = self.operators[self.chance.random_range(0..self.operators.len())];
                let active = Some(self.chance.random_bool(0.5));
                self.db.update_user(operator, &UserPatch { active, ..UserPatch::default() }).await.unwrap();
            }
            _ => self.one_is_closed_and_perhaps_opened_again().await,
        }
    }

    fn any_caller(&mut self) -> &'static str {
        CALLERS[self.chance.random_range(0..CALLERS.len())]
    }

    async fn one_is_closed_and_perhaps_opened_again(&mut self) {
        let operator = self.any_operator();
        let listed = self.list(operator).await;
        let Some(caller) = listed.iter().choose(&mut self.chance) else { return };
        // Any call of the entry stands for the caller.
        let call = caller.calls.choose(&mut self.chance).expect("a call").call.id;
        let by = operator.unwrap_or(self.admin);
        assert!(self.db.resolve_missed(call, by, None, at(self.second)).await.unwrap());
        assert_eq!(self.list(operator).await.len(), listed.len() - 1);
        for stored in &caller.calls {
            assert!(
                self.db.calls_back(stored.call.id, operator).await.unwrap(),
                "whoever closed it may reopen it"
            );
        }
        if self.chance.random_bool(0.5) {
            assert!(self.db.reopen_missed(call).await.unwrap());
            assert_eq!(self.list(operator).await.len(), listed.len());
        }
    }

    async fn list(&self, operator: Option<UserId>) -> Vec<MissedCaller> {
        self.db.missed_callers(operator, None, 200).await.unwrap().items
    }

    async fn check(&self) {
        let counts = self.db.missed_counts().await.unwrap();
        let all = self.list(None).await;
        assert_eq!(
            (counts.all, self.db.missed_count(None).await.unwrap()),
            (all.len() as u64, all.len() as u64)
        );
        for operator in &self.operators {
            if !self.db.user(*operator).await.unwrap().expect("a user").active {
                continue;
            }
            let listed = self.list(Some(*operator)).await;
            let count = listed.len() as u64;
            assert_eq!(self.db.missed_count(Some(*operator)).await.unwrap(), count);
            assert_eq!(counts.by_user.get(operator).copied().unwrap_or(counts.everybody), count);
            let listed: BTreeSet<CallId> = listed.iter().map(|caller| caller.calls[0].call.id).collect();
            for caller in &all {
                let is_listed = listed.contains(&caller.calls[0].call.id);
                assert_eq!(caller.assigned.is_of(*operator), is_listed);
                for stored in &caller.calls {
                    let may = self.db.calls_back(stored.call.id, Some(*operator)).await.unwrap();
                    assert_eq!(may, is_listed, "exactly what is listed can be closed");
                }
            }
        }
    }
}

/// The same ringing at another extension.
fn also(mut ring: TargetedFact) -> TargetedFact {
    let parties = ring.fact.parties.as_mut().expect("a start has parties");
    "102".clone_into(&mut parties.dst);
    parties.operator.as_mut().expect("an operator").extension.clone_from(&parties.dst);
    ring
}

both!(list_count_and_permission_agree_whatever_happened, |db| {
    let mut office = Office::open(&db, 7).await;
    for _ in 0..80 {
        office.go_on().await;
        office.check().await;
    }
});

both!(a_caller_who_rang_at_two_operators_is_on_both_lists, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    db.report(module, 0, vec![start("a", CALLERS[0], Some(bob)), end("a")]).await;
    let latest = db.report(module, 60, vec![start("b", CALLERS[0], Some(ada)), end("b")]).await.1[0].id;
    for operator in [ada, bob] {
        let listed = db.missed_callers(Some(operator), None, 10).await.unwrap().items;
        assert_eq!((listed.len(), listed[0].calls[0].call.id), (1, latest));
        assert_eq!(listed[0].assigned.users, BTreeSet::from([ada, bob]));
    }
    assert!(db.calls_back(latest, Some(bob)).await.unwrap());
    assert!(db.resolve_missed(latest, bob, None, at(70)).await.unwrap());
    assert_eq!(db.missed_count(None).await.unwrap(), 0);
});
