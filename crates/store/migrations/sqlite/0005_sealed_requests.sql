-- What of a request may not be read at rest, encrypted: the address with its token, headers that prove who sent it.
alter table requests add column sealed blob;
