-- Erasures of clients and of single calls. `work` is what one that goes on has to know, numbers and names among it; nothing of it
-- is left once it is done. A client that is being erased is merged into itself: nothing finds it.
create table erasures (
    id uuid primary key,
    kind text not null check (kind in ('client', 'call')),
    client_id uuid,
    call_id uuid,
    asked_at timestamptz not null,
    asked_by uuid not null,
    done_at timestamptz,
    work text,
    counts text not null
);
create index erasures_going_on on erasures (id) where done_at is null;

-- The calls and requests that an erasure that goes on has deleted: other things name them.
create table erased_items (
    erasure_id uuid not null references erasures (id) on delete cascade,
    item_id uuid not null,
    primary key (erasure_id, item_id)
);

-- What stays of an erased call, so that a late event does not bring it back: a keyed hash of its module and key, and when it
-- was.
create table erased_calls (
    key_hash bytea not null,
    started_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz not null,
    recorded boolean not null,
    until timestamptz not null,
    primary key (key_hash, ended_at)
);
create index erased_calls_until on erased_calls (until);

-- Whether a request was about an erased call: then nothing that it said is kept.
alter table requests add column erased boolean not null default false;
