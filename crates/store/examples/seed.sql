-- Made-up clients and calls, in SQLite's own words: rows that never leave the database are written a million a minute.
-- `:clients`, `:calls`, `:module` and the like are put in by `seed.rs`.

-- CLIENTS

insert into clients (id, kind, name, name_key, company_id, responsible_id, tags, source, version, created_at, updated_at)
with recursive n(i) as (select :first union all select i + 1 from n where i < :last),
named as (
    select i, i % 10 as d, substr('anabelcorudimevifalogarisetonupaxokelimaro', 1 + (i * 7) % 38, 2)
        || substr('rakelimonadetisuvopengaluborifemiza', 1 + (i * 11) % 32, 3) || char(97 + i % 26, 97 + (i / 26) % 26) as first,
        substr('kowalbergmansonfieldhurststeinrossidelgadopetrov', 1 + (i * 13) % 44, 4)
        || substr('ingtonleymarskydottirsonova', 1 + (i * 17) % 23, 3) || char(97 + (i / 7) % 26, 97 + (i / 182) % 26) as last
    from n
)
select unhex(printf('%012x7%03x8000%012x', :since + i, i % 4096, i)),
    case when d = 0 then 'company' when d < 3 then 'lead' else 'contact' end, name, name, null,
    case when i % 3 = 0 then null else (select id from users where login = 'seed' || (i % :operators)) end,
    case when i % 20 = 0 then '["vip"]' else '[]' end, 'import', 1, ':created', ':created'
from (select i, d, case when d = 0 then first || ' ' || last || ' ltd' else first || ' ' || last end as name from named);

insert into client_phones (client_id, position, label, number, e164, made_by_call)
with recursive n(i) as (select :first union all select i + 1 from n where i < :last)
select unhex(printf('%012x7%03x8000%012x', :since + i, i % 4096, i)), 0, 'Office', '+4420' || (70000000 + i), '+4420' || (70000000 + i), 0
from n;

insert into client_emails (client_id, position, address, address_key)
select id, 0, replace(name, ' ', '.') || '@example.com', replace(name, ' ', '.') || '@example.com'
from clients where rowid between :first_row and :last_row;

-- WORDS

insert or ignore into client_words (word, client_id)
select word, client_id from (
    select substr(name_key, 1, instr(name_key, ' ') - 1) as word, id as client_id from clients
    union all
    select replace(substr(name_key, instr(name_key, ' ') + 1), ' ltd', ''), id from clients
    union all
    select '#vip', id from clients where tags <> '[]'
    union all
    select substr(e164, 2), client_id from client_phones
    union all
    select substr(e164, 4), client_id from client_phones
    union all
    select address_key, client_id from client_emails
) order by word, client_id;

-- CALLS

insert into calls (id, module_id, call_id, call_key, owns_key, late_until, version, facts, created_at, heard_at, direction,
    state, disposition, client_e164, client_raw, started_at, answered_at, ended_at, talk_seconds, missed, rang_at_nobody,
    client_id, missed_key, resolved_at, resolved_how, reached_seconds)
with recursive n(i) as (select :first union all select i + 1 from n where i < :last),
one as (
    select i, :since + i * :step as ms, i % 10 < 2 as is_out, i % 10 = 5 as is_missed, 5 + i % 25 as wait, 20 + (i * 37) % 400 as talk,
        i % :operators as operator, (i * 7919) % :clients as client, i % 5 = 4 as unknown
    from n
),
said as (
    select *, strftime('%Y-%m-%dT%H:%M:%S', ms / 1000, 'unixepoch') || printf('.%03d', ms % 1000) as start,
        strftime('%Y-%m-%dT%H:%M:%S', ms / 1000 + wait, 'unixepoch') || printf('.%03d', ms % 1000) as answer,
        strftime('%Y-%m-%dT%H:%M:%S', ms / 1000 + wait + talk, 'unixepoch') || printf('.%03d', ms % 1000) as finish,
        case when unknown then '+4930' || (10000000 + (i * 31) % 80000000) else '+4420' || (70000000 + client) end as number,
        case when is_out then 'out' else 'in' end as direction,
        (select lower(printf('%s-%s-%s-%s-%s', substr(hex(id), 1, 8), substr(hex(id), 9, 4), substr(hex(id), 13, 4), substr(hex(id), 17, 4), substr(hex(id), 21))) from users where login = 'seed' || operator) as user,
        printf('%08x-%04x-7%03x-8000-%012x', ms >> 16, ms & 65535, i % 4096, i) as source
    from one
),
told as (
    select *, '"parties":{"direction":"' || direction || '","src":"' || case when is_out then 100 + operator else number end
        || '","dst":"' || case when is_out then number else 100 + operator end || '","client_e164":"' || number
        || '","operator":{"extension":"' || (100 + operator) || '","user":"' || user || '"}},"source":"' || source || '"}' as rest
    from said
)
select unhex(printf('%012x7%03x8000%012x', ms, i % 4096, i)), unhex(':module'), 's' || printf('%09d', i), 'is' || printf('%09d', i), 1,
    '9999-12-31T00:00:00+00:00', 3,
    '[{"kind":"start","at":"' || start || 'Z","timed":true,"disposition":"unknown",' || rest
        || case when is_missed then '' else ',{"kind":"answer","at":"' || answer || 'Z","timed":true,"disposition":"unknown",' || rest end
        || ',{"kind":"end","at":"' || case when is_missed then answer else finish end || 'Z","timed":true,"disposition":"'
        || case when is_missed then 'noAnswer' else 'answered' end || '",' || rest || ']',
    start || '+00:00', finish || '+00:00', direction, 'ended', case when is_missed then 'noAnswer' else 'answered' end, number, number,
    start || '+00:00', case when is_missed then null else answer || '+00:00' end,
    case when is_missed then answer else finish end || '+00:00', case when is_missed then null else talk end, is_missed, 0,
    case when unknown then null else unhex(printf('%012x7%03x8000%012x', :clients_since + client, client % 4096, client)) end,
    case when is_missed then number end,
    case when is_missed and i < :open_from then finish || '+00:00' end,
    case when is_missed and i < :open_from then 'talk' end,
    case when is_missed and i < :open_from then wait + talk end
from told;

insert into call_operators (user_id, call_id)
with recursive n(i) as (select :first union all select i + 1 from n where i < :last)
select (select id from users where login = 'seed' || (i % :operators)), unhex(printf('%012x7%03x8000%012x', :since + i * :step, i % 4096, i))
from n order by 1, 2;

-- FIGURES

insert into call_hours (hour, module_id, direction, calls, answered, answers_timed, answer_seconds, answered_soon, talk_seconds, missed, reached, reached_seconds)
select substr(started_at, 1, 13) || ':00:00+00:00', module_id, direction, count(*), sum(disposition = 'answered'), count(answered_at),
    sum(coalesce(unixepoch(answered_at) - unixepoch(started_at), 0)), sum(coalesce(unixepoch(answered_at) - unixepoch(started_at) <= 20, 0)),
    sum(coalesce(talk_seconds, 0)), sum(missed), count(reached_seconds), sum(coalesce(reached_seconds, 0))
from calls group by 1, 2, 3;

insert into disposition_figures (span, at, module_id, direction, disposition, calls)
select 'hour', substr(started_at, 1, 13) || ':00:00+00:00', module_id, direction, disposition, count(*) from calls group by 2, 3, 4, 5;
insert into disposition_figures (span, at, module_id, direction, disposition, calls)
select 'day', substr(at, 1, 10) || 'T00:00:00+00:00', module_id, direction, disposition, sum(calls) from disposition_figures group by 2, 3, 4, 5;

-- The calls' order says whose each is.
insert into operator_figures (span, at, module_id, direction, user_id, calls, answered, missed, talk_seconds)
select 'hour', substr(started_at, 1, 13) || ':00:00+00:00', module_id, direction, users.id, count(*), sum(answered_at is not null),
    sum(missed), sum(coalesce(talk_seconds, 0))
from calls join users on users.login = 'seed' || (cast(substr(call_id, 2) as integer) % :operators) group by 2, 3, 4, 5;
insert into operator_figures (span, at, module_id, direction, user_id, calls, answered, missed, talk_seconds)
select 'day', substr(at, 1, 10) || 'T00:00:00+00:00', module_id, direction, user_id, sum(calls), sum(answered), sum(missed), sum(talk_seconds)
from operator_figures group by 2, 3, 4, 5;
