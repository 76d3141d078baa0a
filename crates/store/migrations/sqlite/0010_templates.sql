-- Which version of the program's or the folder's module this one has taken last, as a hash; none while that is not known.
alter table modules add column template_hash text;
-- The version of the module's script that was taken with it.
alter table modules add column template_version integer;
-- Whether it takes each change of its folder by itself.
alter table modules add column follows_folder integer not null default 0;
-- A module that was made from a provider began with the provider's script.
update modules set template_version = 1 where provider is not null;
