-- Times are UTC in microseconds; ids are UUIDv7; JSON is text, since jsonb cannot hold every string that JSON can.

create table meta (
    name text primary key,
    value bytea not null
);

create table users (
    id uuid primary key,
    login text not null,
    login_key text not null unique,
    name text not null,
    email text,
    role text not null check (role in ('admin', 'operator')),
    password_hash text,
    active boolean not null,
    created_at timestamptz not null
);

create table sessions (
    token_hash bytea primary key,
    user_id uuid not null references users (id) on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_seen_at timestamptz not null
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

create table tokens (
    id uuid primary key,
    token_hash bytea not null unique,
    user_id uuid not null references users (id) on delete cascade,
    name text not null,
    created_at timestamptz not null,
    last_used_at timestamptz,
    expires_at timestamptz
);
create index tokens_user on tokens (user_id);

-- A deleted module keeps its row, so that its calls keep its name.
create table modules (
    id uuid primary key,
    name text not null,
    icon text,
    provider text,
    enabled boolean not null,
    default_country text,
    fields text not null,
    services text not null,
    webhook_token bytea not null,
    public_url_notified text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create table scripts (
    module_id uuid not null references modules (id),
    version integer not null,
    source text not null,
    created_at timestamptz not null,
    created_by uuid,
    primary key (module_id, version)
);

create table settings (
    module_id uuid not null references modules (id),
    name text not null,
    value text,
    secret bytea,
    primary key (module_id, name),
    check ((value is null) <> (secret is null))
);

create table bindings (
    module_id uuid not null references modules (id),
    member_id text not null,
    member_name text not null,
    user_id uuid not null references users (id) on delete cascade,
    primary key (module_id, member_id)
);
create index bindings_user on bindings (user_id);

create table module_storage (
    module_id uuid not null references modules (id),
    key text not null,
    value text not null,
    expires_at timestamptz,
    primary key (module_id, key)
);

create table module_log (
    id bigint generated always as identity primary key,
    module_id uuid not null references modules (id),
    at timestamptz not null,
    level integer not null,
    message text not null,
    line integer,
    function text,
    request_id uuid
);
create index module_log_module on module_log (module_id, id);

-- The inbox and the request log. Written at the pace of the webhooks: no foreign keys, few indexes.
create table requests (
    id uuid primary key,
    module_id uuid not null,
    received_at timestamptz not null,
    method text not null,
    path text not null,
    query text not null,
    headers text not null,
    body bytea not null,
    remote_address text,
    status text not null check (status in ('new', 'processed', 'failed')),
    processed_at timestamptz,
    script_version integer,
    response_status integer,
    result text,
    error text,
    steps text,
    delivery text,
    calls text
);
create index requests_module on requests (module_id, id);
create index requests_new on requests (id) where status = 'new';
create index requests_failed on requests (module_id, id) where status = 'failed';

-- `owns_key`: the call that new facts with this key go to; at most one a key. Calls without the provider's id let go of
-- their key when they end, and take late facts until `late_until`.
create table calls (
    id uuid primary key,
    module_id uuid not null,
    call_id text,
    call_key text not null,
    owns_key boolean not null,
    late_until timestamptz not null,
    version integer not null,
    facts text not null,
    created_at timestamptz not null,
    heard_at timestamptz not null,
    direction text,
    state text not null,
    disposition text not null,
    client_e164 text,
    client_raw text,
    started_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz,
    talk_seconds integer,
    missed boolean not null,
    rang_at_nobody boolean not null,
    comment text,
    client_id uuid,
    resolved_at timestamptz,
    resolved_by uuid
);
create unique index calls_key on calls (module_id, call_key) where owns_key;
create index calls_late_key on calls (module_id, call_key, late_until) where not owns_key;
create index calls_started on calls (started_at, id) where direction is not null;
create index calls_active on calls (id) where state <> 'ended';
create index calls_missed on calls (started_at, id) where missed and resolved_at is null;
create index calls_e164 on calls (client_e164, started_at, id) where client_e164 is not null;
create index calls_raw on calls (client_raw, started_at, id) where client_raw is not null;
create index calls_client on calls (client_id, started_at, id) where client_id is not null;

create table call_operators (
    user_id uuid not null,
    call_id uuid not null,
    primary key (user_id, call_id)
);
