-- What figures count, drawn from the alarm object once, when it changes: no question reads a timeline (ADR 40).

alter table alarm
    add column drill boolean not null generated always as (coalesce((object ->> 'drill')::boolean, false)) stored,
    add column late boolean not null generated always as (coalesce((object ->> 'late')::boolean, false)) stored,
    add column outcome text generated always as (object ->> 'outcome') stored,
    add column sounded_at bigint generated always as (
        case when object ->> 'severity' = 'low'
                and not jsonb_path_exists(object, '$.timeline[*] ? (@.event == "severity_lowered")') then null
            else coalesce(
                (jsonb_path_query_first(object,
                    '$.timeline[*] ? (@.event == "severity_raised" && @.note == "medium").t') #>> '{}')::bigint,
                (object ->> 'raised_at')::bigint)
        end) stored,
    add column answered_at bigint generated always as (
        (jsonb_path_query_first(object, '$.timeline[*] ? ((@.event == "acknowledge" || @.event == "dispatch"
            || @.event == "resolve" || @.event == "cancel")
            && @.actor != "engine" && @.actor != "wearer" && @.actor != "system").t') #>> '{}')::bigint) stored,
    add column over_at bigint generated always as (
        (jsonb_path_query_first(object,
            '$.timeline[*] ? (@.event == "resolve" || @.event == "cancel").t') #>> '{}')::bigint) stored,
    add column on_scene_at bigint generated always as (
        (jsonb_path_query_first(object, '$.timeline[*] ? (@.event == "arrive").t') #>> '{}')::bigint) stored;
comment on column alarm.sounded_at is 'since when it was more than low; null: it never made a sound';
comment on column alarm.answered_at is 'when a person first took it or settled it';
comment on column alarm.over_at is 'when it first ended, by whomever';

create table figure_target (
    site text primary key,
    within_60_pct double precision not null check (within_60_pct between 0 and 100),
    within_180_pct double precision not null check (within_180_pct between 0 and 100),
    by text not null,
    at_ms bigint not null
);
comment on column figure_target.site is 'empty: all sites that have none of their own';
