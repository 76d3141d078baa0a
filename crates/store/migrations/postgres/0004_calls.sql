-- Whether a record says that a call is over which has not ended: it ends when it stays silent for a while.
alter table calls add column recorded boolean not null default false;

-- A client's missed calls are closed by a talk on any of their numbers.
create index calls_missed_client on calls (client_id) where missed and resolved_at is null and client_id is not null;
