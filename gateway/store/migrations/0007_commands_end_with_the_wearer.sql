-- A command is meant for whoever has the device when it is asked: it must not reach the next one.

alter table command drop constraint command_reason_check;
alter table command add constraint command_reason_check
    check (reason in ('not_sent', 'no_answer', 'refused', 'newer', 'handed_over'));

create function end_commands_of_wearer() returns trigger language plpgsql as $$
begin
    update command
    set state = 'cancelled', reason = 'handed_over', ended_by = nullif(current_setting('anxin.actor', true), ''),
        ended_at = (extract(epoch from clock_timestamp()) * 1000)::bigint
    where device = new.device_slot and state in ('queued', 'sent');
    return null;
end $$;
create trigger end_commands after update of to_ms on assignment
    for each row when (old.to_ms is null and new.to_ms is not null) execute function end_commands_of_wearer();
create trigger begin_without_commands after insert on assignment
    for each row when (new.to_ms is null) execute function end_commands_of_wearer();
