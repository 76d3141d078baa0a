-- The name of what an entry of the audit trail is about, where that is neither a client nor a call.
alter table audit add column subject text;

-- A fingerprint of the webhook URL from now on: the URL has the webhook's token in it. Scripts are told theirs once more.
update modules set public_url_notified = null;
