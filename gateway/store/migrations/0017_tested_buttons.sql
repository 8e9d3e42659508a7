-- When the button of a band was last tried out: in a drill, or by a press that was closed as a test. Today's list asks
-- it of every band at once.

create index alarm_test_press on alarm ((object ->> 'device'), raised_at desc)
    where rule = 'sos.button' and ((object ->> 'drill')::boolean or object ->> 'outcome' = 'test');
