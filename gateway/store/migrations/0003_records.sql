-- Records whole: what ends when a resident leaves, responders, service requests, accounts as staff, tokens, search.

alter table resident
    add column left_at timestamptz,
    add column erased_at timestamptz;
comment on column resident.left_at is 'when the status became moved or deceased: retention counts from here';
comment on column resident.erased_at is 'when what names or describes the person was removed';
update resident set left_at = now() where status in ('moved', 'deceased');

-- Whoever writes the status, by hand, by import or by a job, starts and stops the retention.
create function note_leaving() returns trigger language plpgsql as $$
begin
    if new.status not in ('moved', 'deceased') then
        new.left_at := null;
        new.erased_at := null;
    elsif new.left_at is null then
        new.left_at := now();
    end if;
    return new;
end $$;
create trigger note_leaving before insert or update of status on resident for each row execute function note_leaving();

create index resident_until on resident (until) where until is not null;
create index resident_left on resident (left_at) where erased_at is null and left_at is not null;

create index assignment_device on assignment (device_slot, from_ms);
create index assignment_household on assignment (household) where household is not null;

-- Staff are the accounts; who changed one is written down like every other change, without its password.
alter table account add column phone text;

create or replace function log_registry_change() returns trigger language plpgsql as $$
declare
    changed jsonb := to_jsonb(coalesce(new, old)) - 'mqtt_password_hash' - 'password_hash';
    next_version bigint;
begin
    if tg_op = 'UPDATE' and to_jsonb(new) = to_jsonb(old) then
        return null;
    end if;
    update registry_version set version = version + 1 returning version into next_version;
    insert into registry_change (version, entity, key, record, actor)
    values (
        next_version, tg_table_name, changed ->> 'id',
        case when tg_op = 'DELETE' then null else changed end,
        nullif(current_setting('anxin.actor', true), '')
    );
    perform pg_notify('registry', next_version::text);
    return null;
end $$;

-- The history names what a slot meant, also after its record was removed.
create index registry_change_slot on registry_change (entity, ((record ->> 'slot')::integer)) where record ? 'slot';

create trigger log_change after insert or update or delete on account for each row execute function log_registry_change();

create table responder (
    id text primary key default gen_random_uuid()::text,
    site text not null references site,
    name text not null check (name <> ''),
    phone text not null,
    kind text not null check (kind in ('grid_worker', 'neighbour', 'volunteer', 'staff')),
    building text,
    unit text,
    account text references account,
    channels text[] not null default '{sms}',
    note text,
    active boolean not null default true,
    created_at timestamptz not null default now()
);
comment on table responder is 'who can be sent to a resident''s door; building and unit: where they are at hand';
create index responder_site on responder (site);
create trigger log_change after insert or update or delete on responder for each row execute function log_registry_change();

-- A request is a service reading, or was taken down by phone; then device and seq are null and site and resident set.
create table service_request (
    id text primary key default gen_random_uuid()::text,
    n bigint generated always as identity unique,
    device_slot integer,
    seq bigint,
    t timestamptz not null,
    site text,
    resident text,
    request text not null,
    note text,
    entered_by text,
    state text not null default 'open' check (state in ('open', 'done')),
    done_by text,
    done_at timestamptz,
    answer text,
    check ((device_slot is null) = (seq is null)),
    check ((device_slot is null) = (entered_by is not null)),
    check (device_slot is not null or site is not null)
);
create unique index service_request_key on service_request (device_slot, t, seq);
create index service_request_time on service_request (t desc, n desc);
create index service_request_open on service_request (t) where state = 'open';

create function note_service_request() returns trigger language plpgsql as $$
begin
    insert into service_request (device_slot, t, seq, request, note)
    values (new.device, new.t, new.seq, new.request, new.note)
    on conflict do nothing;
    return null;
end $$;
create trigger note_request after insert on service for each row execute function note_service_request();
insert into service_request (device_slot, t, seq, request, note)
select device, t, seq, request, note from service order by t, pos on conflict do nothing;

create index message_resident on message (resident, created_at desc);

-- Keys for other systems; only the SHA-256 of a key is kept.
create table api_token (
    id text primary key default gen_random_uuid()::text,
    account text not null references account,
    name text not null check (name <> ''),
    token_hash bytea not null unique,
    role text not null check (role in ('admin', 'manager', 'supervisor', 'duty', 'responder', 'auditor')),
    sites text[] not null default '{}',
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used timestamptz
);
comment on column api_token.sites is 'empty: all that its account sees';
create index api_token_account on api_token (account);

-- What a search looks through: drawn from the records by the changes that registry_change has numbered.
create table search_entry (
    type text not null check (type in ('resident', 'contact', 'device', 'household')),
    id text not null,
    site text not null,
    resident text,
    name text not null default '',
    spelled text not null default '',
    typed text not null default '',
    digits text not null default '',
    room text not null default '',
    code text not null default '',
    primary key (type, id)
);
comment on column search_entry.spelled is 'the name in pinyin, a reading a line, syllables parted by blanks';
comment on column search_entry.typed is 'from each syllable on: the pinyin without blanks and its initials, parted by |';
comment on column search_entry.digits is 'phone numbers, parted by blanks';
comment on column search_entry.room is 'building, unit, floor and room, each way they are said, parted by blanks';
create index search_entry_resident on search_entry (resident);

create table search_state (
    only_row boolean primary key default true check (only_row),
    version bigint not null
);
insert into search_state (version) values (0);
