-- How a module's provider writes numbers that have no plus: e164, national or both.
alter table modules add column numbers text not null default 'both';
-- Whether the module's script dials an extension behind a number.
alter table modules add column dials_extensions boolean not null default false;
