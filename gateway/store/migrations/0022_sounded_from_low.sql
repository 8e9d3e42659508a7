-- What was low makes a sound from its first raise on, whatever it is raised to (ADR 49), and not from when it was opened.
-- Timelines say "low" where they begin so. Of older ones only what became medium is known to have been low: what they
-- do not say counts as sounding since it was raised, which makes no answer quicker than it was.

alter table alarm
    drop column sounded_at,
    add column sounded_at bigint generated always as (
        case when object ->> 'severity' = 'low'
                and not jsonb_path_exists(object, '$.timeline[*] ? (@.event == "severity_lowered")') then null
            else coalesce(
                (jsonb_path_query_first(object,
                    '$.timeline[*] ? (@.event == "severity_raised" && @.t >= $.raised_at && (@.note == "medium"
                        || exists($.timeline[*] ? (@.event == "opened" && @.note == "low")))).t') #>> '{}')::bigint,
                (object ->> 'raised_at')::bigint)
        end) stored;
comment on column alarm.sounded_at is 'since when it was more than low; null: it never made a sound';
