-- A device in test mode: what it cries between these times (ms) is a drill. Staff set it, for ten minutes at most.
alter table device
    add column test_from_ms bigint,
    add column test_until_ms bigint,
    add constraint device_test_time check (
        (test_from_ms is null) = (test_until_ms is null) and test_until_ms - test_from_ms between 1 and 600000
    );

-- One acknowledgement takes all that is open of a person, or of a household's shared device.
create index alarm_active_of_resident on alarm (resident)
    where state in ('open', 'acknowledged', 'dispatched', 'on_scene');
create index alarm_active_of_household on alarm ((object ->> 'household'))
    where state in ('open', 'acknowledged', 'dispatched', 'on_scene');
