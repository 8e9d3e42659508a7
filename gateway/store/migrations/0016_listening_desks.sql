-- A console that nobody hears is the worst failure: which pages are open, awake and audible, and when one of a site's
-- was last heard.

create table console_page (
    session bytea not null references session on delete cascade,
    page text not null check (page ~ '^[A-Za-z0-9-]{8,64}$'),
    state text not null check (state in ('audible', 'polling', 'muted', 'no_sound', 'no_stream', 'frozen')),
    since_ms bigint not null,
    seen_ms bigint not null,
    primary key (session, page)
);
comment on table console_page is 'a page of the console in a browser, as it last said of itself; a session has few of them';
comment on column console_page.state is 'audible, polling: an alarm would be heard there; else why not';
comment on column console_page.since_ms is 'since when it is in this state';
create index console_page_age on console_page (seen_ms);

create table site_listened (
    site text primary key references site on delete cascade,
    heard_ms bigint not null
);
comment on table site_listened is 'when a page at which an alarm of the site would be heard last said so; no row: never';
