-- The registry: what is looked after, by whom. Every change is logged with a version (design rule 11).

create table site (
    id text primary key check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    name text not null,
    timezone text not null default 'Asia/Shanghai',
    demo boolean not null default false,
    created_at timestamptz not null default now()
);

create table household (
    id text primary key default gen_random_uuid()::text,
    site text not null references site,
    name text not null,
    address jsonb not null default '{}',
    created_at timestamptz not null default now()
);

create table resident (
    id text primary key default gen_random_uuid()::text,
    slot integer generated always as identity (minvalue 0 start 0) unique,
    site text not null references site,
    name text not null check (name <> ''),
    home_lat double precision check (home_lat between -90 and 90),
    home_lon double precision check (home_lon between -180 and 180),
    timezone text not null default 'Asia/Shanghai',
    language text not null default 'zh',
    phone text,
    birth_year integer check (birth_year between 1880 and 2100),
    address jsonb not null default '{}',
    card jsonb not null default '{}',
    household text references household,
    external_id text,
    status text not null default 'active'
        check (status in ('active', 'away', 'hospital', 'paused', 'moved', 'deceased')),
    until timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (site, external_id)
);
comment on column resident.card is 'what the duty desk must see: {illnesses, medication, doctor, key_holder, notes}';

create table device (
    id text primary key check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
    slot integer generated always as identity (minvalue 0 start 0) unique,
    site text not null,
    type text not null default 'band',
    registered boolean not null default true,
    revoked boolean not null default false,
    phone text,
    mqtt_password_hash text,
    created_at timestamptz not null default now()
);
comment on column device.registered is 'false: nobody entered it, but it cried for help';
comment on column device.mqtt_password_hash is 'in Mosquitto''s own $7$ format (PBKDF2-SHA512)';

create table assignment (
    id text primary key default gen_random_uuid()::text,
    device_slot integer not null references device (slot),
    resident_slot integer references resident (slot),
    household text references household,
    from_ms bigint not null,
    to_ms bigint check (to_ms > from_ms),
    check (resident_slot is not null or household is not null)
);
create unique index assignment_current on assignment (device_slot) where to_ms is null;
create index assignment_resident on assignment (resident_slot);

create table contact (
    id text primary key default gen_random_uuid()::text,
    resident_slot integer not null references resident (slot),
    name text not null check (name <> ''),
    phone text not null,
    relation text not null default '',
    "order" integer not null default 1,
    channels text[] not null default '{sms}',
    can_receive_sms boolean not null default true,
    holds_key boolean not null default false,
    language text not null default 'zh'
);
create index contact_resident on contact (resident_slot, "order");

create table fence (
    id text primary key default gen_random_uuid()::text,
    resident_slot integer not null references resident (slot),
    name text not null,
    circle_lat double precision check (circle_lat between -90 and 90),
    circle_lon double precision check (circle_lon between -180 and 180),
    radius_m double precision check (radius_m between 1 and 1000000),
    polygon jsonb,
    check ((circle_lat is not null and circle_lon is not null and radius_m is not null) <> (polygon is not null))
);
create index fence_resident on fence (resident_slot);

create table registry_version (
    only_row boolean primary key default true check (only_row),
    version bigint not null
);
insert into registry_version (version) values (0);

create table registry_change (
    version bigint primary key,
    entity text not null,
    key text not null,
    record jsonb,
    actor text,
    at timestamptz not null default now()
);
comment on table registry_change is 'every change of the registry, in commit order; record is null for a removal';
create index registry_change_key on registry_change (entity, key, version);

-- The update of the one counter row orders the commits: a reader that has seen version n has seen all before it.
create function log_registry_change() returns trigger language plpgsql as $$
declare
    changed jsonb := to_jsonb(coalesce(new, old));
    next_version bigint;
begin
    if tg_op = 'UPDATE' and to_jsonb(new) = to_jsonb(old) then
        return null;
    end if;
    update registry_version set version = version + 1 returning version into next_version;
    insert into registry_change (version, entity, key, record, actor)
    values (
        next_version, tg_table_name, changed ->> 'id',
        case when tg_op = 'DELETE' then null else changed - 'mqtt_password_hash' end,
        nullif(current_setting('anxin.actor', true), '')
    );
    perform pg_notify('registry', next_version::text);
    return null;
end $$;

create trigger log_change after insert or update or delete on site for each row execute function log_registry_change();
create trigger log_change after insert or update or delete on household for each row execute function log_registry_change();
create trigger log_change after insert or update or delete on resident for each row execute function log_registry_change();
create trigger log_change after insert or update or delete on device for each row execute function log_registry_change();
create trigger log_change after insert or update or delete on assignment for each row execute function log_registry_change();
create trigger log_change after insert or update or delete on contact for each row execute function log_registry_change();
create trigger log_change after insert or update or delete on fence for each row execute function log_registry_change();

-- Readings, one table a kind; (device, t, seq) is what makes a reading the same again (design rule 4).

create table position (
    pos bigint not null, device integer not null, t timestamptz not null, seq bigint not null, received timestamptz not null,
    lat double precision not null, lon double precision not null,
    accuracy_m real, speed_mps real, heading_deg real, altitude_m real, source smallint
);
create unique index position_key on position (device, t, seq);
comment on column position.source is '0 gnss, 1 wifi, 2 cell';

create table heartbeat (
    pos bigint not null, device integer not null, t timestamptz not null, seq bigint not null, received timestamptz not null,
    steps bigint, battery_pct real, rssi_dbm real, activity real, interval_s real, charging boolean, worn boolean
);
create unique index heartbeat_key on heartbeat (device, t, seq);

create table vitals (
    pos bigint not null, device integer not null, t timestamptz not null, seq bigint not null, received timestamptz not null,
    heart_rate_bpm real, spo2_pct real, systolic_mmhg real, diastolic_mmhg real, temperature_c real
);
create unique index vitals_key on vitals (device, t, seq);

create table sos (
    pos bigint not null, device integer not null, t timestamptz not null, seq bigint not null, received timestamptz not null,
    lat double precision, lon double precision, accuracy_m real, cancel boolean, trusted boolean not null default true, defects jsonb,
    alarm uuid
);
create unique index sos_key on sos (device, t, seq);
comment on column sos.alarm is 'the alarm that this press opened, fed or took back';

create table fall (
    pos bigint not null, device integer not null, t timestamptz not null, seq bigint not null, received timestamptz not null,
    confidence real, impact_g real, cancel boolean, trusted boolean not null default true, defects jsonb,
    alarm uuid
);
create unique index fall_key on fall (device, t, seq);

create table motion (
    pos bigint not null, device integer not null, t timestamptz not null, seq bigint not null, received timestamptz not null,
    rate_hz real not null, samples bytea not null
);
create unique index motion_key on motion (device, t, seq);
comment on column motion.samples is 'little-endian int16 triples x, y, z in milli-g';

create table checkin (
    pos bigint not null, device integer not null, t timestamptz not null, seq bigint not null, received timestamptz not null
);
create unique index checkin_key on checkin (device, t, seq);

create table service (
    pos bigint not null, device integer not null, t timestamptz not null, seq bigint not null, received timestamptz not null,
    request text not null, note text
);
create unique index service_key on service (device, t, seq);

create table exercise (
    pos bigint not null, device integer not null, t timestamptz not null, seq bigint not null, received timestamptz not null,
    session text not null, machine text not null, duration_s real not null, count integer, distance_m real,
    energy_kcal real, heart_rate_bpm real, wearer text
);
create unique index exercise_key on exercise (device, t, seq);
comment on column exercise.wearer is 'the token in the field user of the payload, for machines with a reader';

-- pos finds the readings of a batch again when the engine is rebuilt (design rule 7).
create index position_pos on position using brin (pos) with (pages_per_range = 16);
create index heartbeat_pos on heartbeat using brin (pos) with (pages_per_range = 16);
create index vitals_pos on vitals using brin (pos) with (pages_per_range = 16);
create index motion_pos on motion using brin (pos) with (pages_per_range = 16);
create index sos_pos on sos (pos);
create index fall_pos on fall (pos);
create index checkin_pos on checkin (pos);
create index service_pos on service (pos);
create index exercise_pos on exercise (pos);

create table presence (
    device integer primary key, online boolean not null, t timestamptz, received timestamptz not null
);

create table command_ack (
    device integer not null, command text not null, ok boolean not null, answer text,
    t timestamptz not null, received timestamptz not null,
    primary key (device, command, t)
);

create table rejected (
    id bigint generated always as identity primary key,
    received timestamptz not null,
    topic text not null,
    reason text not null,
    detail text,
    payload bytea not null
);
comment on column rejected.payload is 'the first 4 KiB';
create index rejected_received on rejected (received);

-- The gateway's own book-keeping (design rules 6 and 7).

create table gateway_epoch (
    epoch integer generated always as identity primary key,
    started_at timestamptz not null default now()
);

create table batch (
    number bigint primary key,
    epoch integer not null references gateway_epoch,
    now_ms bigint not null,
    first_pos bigint not null,
    last_pos bigint not null,
    registry_version bigint not null,
    listening_since bigint,
    committed_at timestamptz not null default clock_timestamp()
);
comment on column batch.last_pos is 'first_pos - 1 when the batch holds no reading';

create table engine_snapshot (
    batch bigint primary key references batch,
    engine_key text not null,
    registry_version bigint not null,
    state bytea not null,
    at timestamptz not null default now()
);

-- Alarms: the object of contract section 3 as it is, its columns drawn from it.

create table alarm (
    id uuid primary key,
    object jsonb not null,
    subject text not null generated always as (object ->> 'subject') stored,
    rule text not null generated always as (object ->> 'rule') stored,
    kind text not null generated always as (object ->> 'kind') stored,
    state text not null generated always as (object ->> 'state') stored,
    severity text not null generated always as (object ->> 'severity') stored,
    site text generated always as (object ->> 'site') stored,
    resident text generated always as (object ->> 'resident') stored,
    case_id uuid not null generated always as ((object ->> 'case')::uuid) stored,
    raised_at bigint not null generated always as ((object ->> 'raised_at')::bigint) stored,
    version integer not null generated always as ((object ->> 'version')::integer) stored
);
create unique index alarm_active on alarm (subject, rule)
    where state in ('open', 'acknowledged', 'dispatched', 'on_scene');
create index alarm_by_time on alarm (raised_at desc, id);
create index alarm_by_resident on alarm (resident, raised_at desc);
create index alarm_by_case on alarm (case_id);
create index alarm_by_subject on alarm (subject, rule, raised_at desc);

create table alarm_change (
    n bigint primary key,
    alarm uuid not null references alarm,
    version integer not null,
    count_only boolean not null,
    object jsonb not null,
    at timestamptz not null default clock_timestamp()
);

create table alarm_counter (
    only_row boolean primary key default true check (only_row),
    n bigint not null
);
insert into alarm_counter (n) values (0);

-- Numbers the changes of this transaction. Called as its last step before COMMIT: whoever holds the counter's
-- row commits next, so the numbers become visible in their order (design rule 10).
create function publish_alarm_changes(objects jsonb[], count_only boolean[]) returns bigint language plpgsql as $$
declare
    last_n bigint;
begin
    update alarm_counter set n = n + cardinality(objects) returning n into last_n;
    insert into alarm_change (n, alarm, version, count_only, object)
    select last_n - cardinality(objects) + o.i, (o.object ->> 'id')::uuid, (o.object ->> 'version')::integer,
           count_only[o.i], o.object
    from unnest(objects) with ordinality as o (object, i);
    perform pg_notify('alarm_change', last_n::text);
    return last_n;
end $$;

create table feed_cursor (
    only_row boolean primary key default true check (only_row),
    n bigint not null
);
insert into feed_cursor (n) values (0);

-- What must happen later, and what is to be said to whom.

create table escalation_step (
    id bigint generated always as identity primary key,
    alarm uuid not null references alarm,
    step text not null,
    due_at bigint not null,
    state text not null default 'pending' check (state in ('pending', 'done', 'withdrawn')),
    done_at bigint
);
create index escalation_due on escalation_step (due_at) where state = 'pending';
create index escalation_alarm on escalation_step (alarm);

create table message (
    id bigint generated always as identity primary key,
    alarm uuid references alarm,
    site text not null,
    resident text,
    contact text,
    recipient text not null,
    channel text not null default 'sms',
    template text not null,
    params jsonb not null default '{}',
    language text not null default 'zh',
    state text not null default 'queued'
        check (state in ('queued', 'sending', 'sent', 'delivered', 'not_sent', 'failed', 'withdrawn')),
    reason text,
    attempts integer not null default 0,
    not_before bigint not null default 0,
    expires_at bigint,
    provider text,
    provider_id text,
    created_at bigint not null,
    finished_at bigint
);
comment on table message is 'the outbox: what is to be said as template key, parameters and language, never as free text';
create index message_due on message (not_before) where state in ('queued', 'sending');
create index message_alarm on message (alarm);
create index message_provider on message (provider_id);

-- People who work with the console.

create table account (
    id text primary key default gen_random_uuid()::text,
    username text not null unique,
    display_name text not null default '',
    password_hash text,
    role text not null check (role in ('admin', 'manager', 'supervisor', 'duty', 'responder', 'auditor')),
    sites text[] not null default '{}',
    language text not null default 'zh',
    disabled boolean not null default false,
    created_at timestamptz not null default now()
);
comment on column account.sites is 'empty: all sites';

create table session (
    token_hash bytea primary key,
    account text not null references account,
    csrf text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

create table signin_link (
    token_hash bytea primary key,
    account text not null references account,
    expires_at timestamptz not null,
    used_at timestamptz
);

create table idempotency (
    account text not null references account,
    key text not null,
    request text not null,
    status integer not null,
    body jsonb not null,
    at timestamptz not null default now(),
    primary key (account, key)
);

-- What the supervisor knows of the roles, for the console.
create table role_status (
    role text primary key,
    state text not null check (state in ('starting', 'ready', 'restarting', 'stopped')),
    pid integer,
    restarts integer not null default 0,
    detail text,
    at timestamptz not null default now()
);
