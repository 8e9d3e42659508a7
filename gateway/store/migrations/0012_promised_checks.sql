-- Silence is an event: what a resident promised (plans), when that is (windows), what became of each, and who has seen
-- them. Windows and sightings are logged, since the engine judges by them; what became of a window is not.

create table care_plan (
    id text primary key default gen_random_uuid()::text,
    resident_slot integer not null references resident (slot),
    name text not null check (name <> ''),
    windows jsonb not null check (jsonb_typeof(windows) = 'array'),
    grace_min integer check (grace_min between 0 and 720),
    remind_min integer check (remind_min between 1 and 720),
    remind text[] not null default '{ring}' check (remind <@ '{ring,message}'),
    holidays text not null default 'as_usual' check (holidays in ('as_usual', 'skip')),
    first_day date,
    last_day date check (last_day >= first_day),
    active boolean not null default true,
    promised_ms bigint not null
);
comment on table care_plan is 'when a resident is to give a sign, by the local clock of where they live';
comment on column care_plan.windows is '[{from, to, days, by}]: from and to as HH:MM, to at or before from is on the next day';
comment on column care_plan.grace_min is 'null: the parameter of the rule';
comment on column care_plan.promised_ms is 'since when it is so: no window that opened before is asked for because of it';
create index care_plan_resident on care_plan (resident_slot);

create table holiday (
    id text primary key default gen_random_uuid()::text,
    site text not null references site,
    name text not null check (name <> ''),
    date date not null,
    last_date date not null,
    check (last_date >= date)
);
create index holiday_site on holiday (site, last_date);

create table check_window (
    id text primary key default gen_random_uuid()::text,
    resident_slot integer not null references resident (slot),
    plan text not null,
    day date not null,
    opens_ms bigint not null,
    closes_ms bigint not null check (closes_ms > opens_ms),
    grace_ms bigint,
    by text not null default 'button' check (by in ('button', 'sign', 'call')),
    unique (resident_slot, closes_ms)
);
comment on table check_window is 'the next two days and the last eight, as the plans say; two of one resident never overlap';
comment on column check_window.day is 'the local day on which it opens';
comment on column check_window.grace_ms is 'null: the parameter of the rule';
create index check_window_day on check_window (day);
create index check_window_closes on check_window (closes_ms);
create index check_window_plan on check_window (plan);

create table planner_state (
    only_row boolean primary key default true check (only_row),
    planned_to_ms bigint not null
);
comment on table planner_state is 'up to when windows that open have been written: what came later while no planner ran is caught up on';

-- Keyed by what the engine names: it knows a window by its resident and its end.
create table check_outcome (
    resident_slot integer not null references resident (slot),
    closes_ms bigint not null,
    kept_ms bigint,
    kept_by text,
    how text,
    note text,
    device_slot integer,
    reminded_ms bigint,
    calls jsonb not null default '[]' check (jsonb_typeof(calls) = 'array'),
    skipped text,
    past jsonb,
    day date,
    primary key (resident_slot, closes_ms),
    check ((kept_ms is null) = (how is null)),
    check ((past is null) = (day is null))
);
comment on column check_outcome.kept_by is 'the user name or name of whoever vouched; null: the resident did it themselves';
comment on column check_outcome.how is 'button, sign, call, visit, seen, sms or page';
comment on column check_outcome.calls is '[{t, actor, result, note}]';
comment on column check_outcome.skipped is 'why nothing was asked for: the resident''s status, or withdrawn';
comment on column check_outcome.past is 'the window, once it has ended or was withdrawn and its own row is gone';
create index check_outcome_day on check_outcome (day) where day is not null;
create index check_outcome_closes on check_outcome (closes_ms);

create table sighting (
    id text primary key references resident,
    resident_slot integer not null unique references resident (slot),
    at_ms bigint not null
);
comment on table sighting is 'when somebody last saw or spoke to a resident and vouched for them; id is the resident''s';

create table sighting_note (
    n bigint generated always as identity primary key,
    resident_slot integer not null references resident (slot),
    at_ms bigint not null,
    actor text not null,
    how text not null,
    note text
);
create index sighting_note_resident on sighting_note (resident_slot, at_ms desc);

-- An absence that ends soon: the family was asked whether it does.
create table absence_question (
    resident_slot integer not null references resident (slot),
    until timestamptz not null,
    asked_ms bigint not null,
    message bigint references message on delete set null,
    primary key (resident_slot, until)
);
comment on table absence_question is 'message null: nobody who can be asked by SMS';

do $$
declare
    changing text;
begin
    foreach changing in array array['care_plan', 'holiday', 'check_window', 'sighting'] loop
        execute format('create trigger log_inserts after insert on %I referencing new table as new_rows'
                       ' for each statement execute function log_registry_changes()', changing);
        execute format('create trigger log_updates after update on %I referencing old table as old_rows'
                       ' new table as new_rows for each statement execute function log_registry_changes()', changing);
        execute format('create trigger log_deletes after delete on %I referencing old table as old_rows'
                       ' for each statement execute function log_registry_changes()', changing);
    end loop;
end $$;
