-- What a wrist felt around a fall, kept as long as its alarm: the readings themselves go earlier.

create table alarm_trace (
    alarm uuid not null references alarm on delete cascade,
    jolt_ms bigint not null,
    device_slot integer not null,
    rule text not null,
    since_ms bigint not null,
    primary key (alarm, jolt_ms)
);
comment on column alarm_trace.jolt_ms is 'when the body met what stopped it, or the device said that it fell';
comment on column alarm_trace.since_ms is 'when it began to be kept: samples that come within ten minutes join it';
create index alarm_trace_since on alarm_trace (since_ms);

create table alarm_trace_piece (
    alarm uuid not null,
    jolt_ms bigint not null,
    t_ms bigint not null,
    seq bigint not null,
    rate_hz real not null,
    samples bytea not null,
    primary key (alarm, jolt_ms, t_ms, seq),
    foreign key (alarm, jolt_ms) references alarm_trace on delete cascade
);
comment on table alarm_trace_piece is 'the motion readings as they came, cut to 8 s before and 20 s after the jolt';
comment on column alarm_trace_piece.samples is 'little-endian int16 triples x, y, z in milli-g';
