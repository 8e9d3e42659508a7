-- Finding somebody who is lost: bands that report often meanwhile, links to the live map, habitual places.

create table following (
    device integer primary key references device (slot),
    alarm uuid not null references alarm,
    since_ms bigint not null,
    usual_position_s integer not null,
    usual_heartbeat_s integer not null,
    by_itself boolean not null,
    phase text not null check (phase in ('following', 'giving_back', 'by_hand')),
    position_s integer not null,
    heartbeat_s integer not null,
    command uuid not null,
    asked_at bigint not null,
    located_at bigint not null,
    tries integer not null default 0,
    told text
);
comment on table following is 'bands that were set to frequent fixes because their wearer is sought, until they have their old intervals back';
comment on column following.by_itself is 'the usual intervals are the band''s own pace, as far as we saw it; nobody had set them';
comment on column following.phase is 'by_hand: somebody has set the intervals meanwhile, and theirs stay';
comment on column following.command is 'the newest set_interval of ours; no reference: commands are forgotten earlier';
comment on column following.told is 'what the timeline last said of it';

-- What is handed out is the token; only its SHA-256 is kept.
create table find_link (
    id text primary key default gen_random_uuid()::text,
    token_hash bytea not null unique,
    alarm uuid not null references alarm,
    person text not null check (person <> ''),
    note text,
    created_by text not null,
    created_at bigint not null,
    expires_at bigint not null check (expires_at > created_at),
    revoked_at bigint,
    revoked_by text
);
comment on table find_link is 'links to the live map of somebody who is sought, for whoever helps to search';
comment on column find_link.person is 'for whom it was made';
create index find_link_alarm on find_link (alarm);

create table find_look (
    id bigint generated always as identity primary key,
    alarm uuid not null references alarm,
    link text references find_link on delete cascade,
    message bigint references message on delete cascade,
    person text not null,
    address text not null,
    agent text not null,
    from_ms bigint not null,
    to_ms bigint not null,
    times integer not null default 1,
    check ((link is null) <> (message is null))
);
comment on table find_look is 'who looked at the live map behind which link, from when to when; a page that stays open is one look';
comment on column find_look.message is 'the message whose link opened the map';
create index find_look_alarm on find_look (alarm, from_ms);
create index find_look_link on find_look (link) where link is not null;
create index find_look_message on find_look (message) where message is not null;
create index find_look_age on find_look (to_ms);

create table learned_places (
    resident_slot integer primary key references resident (slot),
    known boolean not null,
    places jsonb not null check (jsonb_typeof(places) = 'array'),
    written_ms bigint not null
);
comment on table learned_places is 'where somebody often is, as the engine has learned it; a copy for people who search';
comment on column learned_places.known is 'whether their ways are known well enough to judge by them';
comment on column learned_places.places is '[{lat, lon, radius_m, weight, hours}]; hours: those of the local day at which they were seen there';
