-- What was closed of a caller at one time: it is opened again, and looked up by whoever closed it, together.
create index calls_missed_closed on calls (missed_key, resolved_at) where missed and resolved_at is not null;
