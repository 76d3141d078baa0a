-- Clients: contacts, companies and leads.

-- `name_key` is the name as it is sorted and searched by: folded to lower case, without accents. A client that a missed
-- call made may have no name.
create table clients (
    id blob primary key,
    kind text not null check (kind in ('contact', 'company', 'lead')),
    name text not null,
    name_key text not null,
    company_id blob references clients (id),
    responsible_id blob references users (id) on delete set null,
    notes text,
    tags text not null,
    source text not null check (source in ('hand', 'missedCall', 'import')),
    version integer not null,
    created_at text not null,
    updated_at text not null,
    archived_at text,
    merged_into blob references clients (id)
) strict;
create index clients_name on clients (name_key, id) where archived_at is null;
create index clients_archived on clients (name_key, id) where archived_at is not null;
create index clients_responsible on clients (responsible_id, name_key, id) where archived_at is null;
create index clients_kind on clients (kind, name_key, id) where archived_at is null;
create index clients_company on clients (company_id) where company_id is not null;
create index clients_merged on clients (merged_into) where merged_into is not null;

-- `made_by_call` keeps two servers from making two leads for one number at the same moment.
create table client_phones (
    client_id blob not null references clients (id),
    position integer not null,
    label text,
    number text not null,
    e164 text,
    made_by_call integer not null,
    primary key (client_id, position)
) strict, without rowid;
create index client_phones_e164 on client_phones (e164, client_id) where e164 is not null;
create unique index client_phones_made on client_phones (e164) where made_by_call;

create table client_emails (
    client_id blob not null references clients (id),
    position integer not null,
    address text not null,
    address_key text not null,
    primary key (client_id, position)
) strict, without rowid;
create index client_emails_address on client_emails (address_key, client_id);

-- What a search finds a client by: words of the name, digits of numbers, e-mail addresses, and tags with # before them.
create table client_words (
    word text not null,
    client_id blob not null references clients (id),
    primary key (word, client_id)
) strict, without rowid;
create index client_words_client on client_words (client_id, word);

-- A merge that can still be undone: the clients as they were, and what went from one to the other.
create table merges (
    id blob primary key,
    into_id blob not null references clients (id),
    from_id blob not null references clients (id),
    before text not null,
    made_at text not null,
    made_by blob
) strict;
create index merges_into on merges (into_id);

create table merged_items (
    merge_id blob not null references merges (id) on delete cascade,
    kind text not null check (kind in ('call', 'comment', 'employee')),
    item_id blob not null,
    primary key (merge_id, kind, item_id)
) strict, without rowid;

create table comments (
    id blob primary key,
    client_id blob not null references clients (id),
    call_id blob,
    author_id blob not null,
    text text not null,
    created_at text not null,
    edited_at text
) strict;
create index comments_client on comments (client_id, created_at, id);
create index comments_call on comments (call_id) where call_id is not null;

create table mentions (
    user_id blob not null references users (id) on delete cascade,
    comment_id blob not null references comments (id) on delete cascade,
    seen_at text,
    primary key (user_id, comment_id)
) strict, without rowid;
create index mentions_comment on mentions (comment_id);
create index mentions_unseen on mentions (user_id) where seen_at is null;

-- Who saw or changed what.
create table audit (
    id blob primary key,
    at text not null,
    user_id blob not null,
    action text not null,
    client_id blob,
    call_id blob,
    detail text
) strict;
create index audit_client on audit (client_id, id) where client_id is not null;
create index audit_user on audit (user_id, id);
create index audit_action on audit (action, id);

create table app_settings (
    name text primary key,
    value text not null
) strict, without rowid;

-- What a call came to, as the administrator's lists have it. What is offered no longer keeps its row: calls
-- have it still.
create table outcome_lists (
    id blob primary key,
    name text not null,
    required integer not null,
    module_ids text not null,
    created_at text not null,
    archived_at text
) strict;

create table outcome_codes (
    id blob primary key,
    list_id blob not null references outcome_lists (id) on delete cascade,
    label text not null,
    position integer not null,
    archived_at text
) strict;
create index outcome_codes_list on outcome_codes (list_id, position);

-- Whether the client of a call was chosen by a person: then no rule changes it. A missed call is dealt with by somebody's
-- talk with the same caller (`resolved_call`), by hand, or after a time; `missed_key` is who called.
alter table calls add column client_chosen integer not null default 0;
alter table calls add column outcome_id blob;
alter table calls add column missed_key text;
alter table calls add column resolved_how text;
alter table calls add column resolved_reason text;
alter table calls add column resolved_call blob;
alter table calls add column reached_seconds integer;
create index calls_missed_key on calls (missed_key, started_at, id) where missed and resolved_at is null;
create index calls_outcome on calls (outcome_id, started_at, id) where outcome_id is not null;
update calls set missed_key = coalesce(client_e164, client_raw, lower(hex(id))) where missed;

-- What becomes of missed calls: the kind of client made of an unknown caller (none: no client), whose it is, and who calls
-- back where the call rang at nobody.
alter table modules add column lead_kind text default 'lead';
alter table modules add column lead_responsible_id blob;
alter table modules add column missed_responsible_id blob;

-- Figures for the reports, kept by whatever writes calls: of each hour in which calls began.
create table call_hours (
    hour text not null,
    module_id blob not null,
    direction text not null,
    calls integer not null,
    answered integer not null,
    answers_timed integer not null,
    answer_seconds integer not null,
    answered_soon integer not null,
    talk_seconds integer not null,
    missed integer not null,
    reached integer not null,
    reached_seconds integer not null,
    primary key (hour, module_id, direction)
) strict, without rowid;

-- Those that many rows have a part in are kept by the day (of UTC) too: a report adds up days, and hours only at its ends.
create table operator_figures (
    span text not null check (span in ('day', 'hour')),
    at text not null,
    module_id blob not null,
    direction text not null,
    user_id blob not null,
    calls integer not null,
    answered integer not null,
    missed integer not null,
    talk_seconds integer not null,
    primary key (span, at, module_id, direction, user_id)
) strict, without rowid;

create table disposition_figures (
    span text not null check (span in ('day', 'hour')),
    at text not null,
    module_id blob not null,
    direction text not null,
    disposition text not null,
    calls integer not null,
    primary key (span, at, module_id, direction, disposition)
) strict, without rowid;

create table outcome_figures (
    span text not null check (span in ('day', 'hour')),
    at text not null,
    module_id blob not null,
    direction text not null,
    outcome_id blob not null,
    calls integer not null,
    primary key (span, at, module_id, direction, outcome_id)
) strict, without rowid;
