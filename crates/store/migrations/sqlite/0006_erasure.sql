-- Erasures of clients and of single calls. `work` is what one that goes on has to know, numbers and names among it; nothing of it
-- is left once it is done. A client that is being erased is merged into itself: nothing finds it.
create table erasures (
    id blob primary key,
    kind text not null check (kind in ('client', 'call')),
    client_id blob,
    call_id blob,
    asked_at text not null,
    asked_by blob not null,
    done_at text,
    work text,
    counts text not null
) strict;
create index erasures_going_on on erasures (id) where done_at is null;

-- The calls and requests that an erasure that goes on has deleted: other things name them.
create table erased_items (
    erasure_id blob not null references erasures (id) on delete cascade,
    item_id blob not null,
    primary key (erasure_id, item_id)
) strict, without rowid;

-- What stays of an erased call, so that a late event does not bring it back: a keyed hash of its module and key, and when it
-- was.
create table erased_calls (
    key_hash blob not null,
    started_at text not null,
    answered_at text,
    ended_at text not null,
    recorded integer not null,
    until text not null,
    primary key (key_hash, ended_at)
) strict, without rowid;
create index erased_calls_until on erased_calls (until);

-- Whether a request was about an erased call: then nothing that it said is kept.
alter table requests add column erased integer not null default false;
