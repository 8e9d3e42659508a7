-- Readings live in pieces of time: hypertables where the extension timescaledb is, native partitions where it is not.
-- What has grown old then goes as a whole piece, and the newest piece stays small enough for memory.

create table reading_table (
    name text primary key,
    span interval not null,
    masses boolean not null
);
comment on table reading_table is 'the tables of readings, and how much time one piece of each holds';
comment on column reading_table.masses is 'many a minute from every device: worth compressing where that can be done';
insert into reading_table (name, span, masses) values
    ('position', '28 days', true), ('heartbeat', '28 days', true),
    ('vitals', '28 days', true), ('motion', '28 days', true),
    ('sos', '91 days', false), ('fall', '91 days', false), ('checkin', '91 days', false),
    ('service', '91 days', false), ('exercise', '91 days', false);

-- The start of the piece in which a moment lies: pieces are counted from a Monday, 00:00 UTC.
create function piece_start(span interval, t timestamptz) returns timestamptz language sql immutable as
    $$ select date_bin(span, t, timestamptz '2000-01-03 00:00+00') $$;

-- The functions below print moments and read them again: in a style of their own, whatever the session's.

-- The native partitions of a table in the order of time. They cover all times without a gap: "<table>_older" from the
-- beginning, then the pieces, then "<table>_later" to the end. There is no DEFAULT partition on purpose: with one,
-- PostgreSQL no longer knows that the partitions are in order, and "the newest reading of a device" would look into
-- every one of them.
create function partitions_of(parent text) returns table (name text, from_t timestamptz, to_t timestamptz)
language sql stable set datestyle = 'ISO, YMD' set timezone = 'UTC' as $$
    with bound as (
        select c.relname::text as name,
               regexp_match(
                   pg_get_expr(c.relpartbound, c.oid),
                   'FROM \((MINVALUE|''.*'')\) TO \((MAXVALUE|''.*'')\)'
               ) as ends
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = to_regclass(quote_ident(parent))
    )
    select name,
           case ends[1] when 'MINVALUE' then '-infinity' else trim(both '''' from ends[1])::timestamptz end,
           case ends[2] when 'MAXVALUE' then 'infinity' else trim(both '''' from ends[2])::timestamptz end
    from bound order by 2
$$;

create function partition_name(parent text, from_t timestamptz) returns text language sql stable as
    $$ select parent || '_' || to_char(from_t at time zone 'UTC', 'YYYYMMDD') $$;

-- Make partitions until "ahead" is covered. What "<table>_later" has caught because nobody made any in time is
-- not moved: that table becomes a partition itself, as wide as it must be. Returns how many were made.
create function extend_partitions(parent text, ahead timestamptz) returns integer language plpgsql
set datestyle = 'ISO, YMD' set timezone = 'UTC' as $$
declare
    later constant text := parent || '_later';
    piece interval;
    starts timestamptz;
    ends timestamptz;
    caught timestamptz;
    made integer := 0;
begin
    select span into strict piece from reading_table where reading_table.name = parent;
    select from_t into strict starts from partitions_of(parent) p where p.name = later;
    if starts >= ahead then
        return 0;
    end if;
    execute format('lock table %I in access exclusive mode', parent);
    select from_t into strict starts from partitions_of(parent) p where p.name = later;
    if starts >= ahead then
        return 0;  -- another process did it while this one waited for the lock
    end if;
    execute format('alter table %I detach partition %I', parent, later);
    execute format('select max(t) from %I', later) into caught;
    if caught is not null then
        ends := piece_start(piece, greatest(caught, now())) + piece;
        execute format('alter table %I rename to %I', later, partition_name(parent, starts));
        execute format(
            'alter table %I attach partition %I for values from (%L) to (%L)',
            parent, partition_name(parent, starts), starts, ends
        );
        starts := ends;
        made := made + 1;
    end if;
    while starts < ahead loop
        execute format(
            'create table %I partition of %I for values from (%L) to (%L)',
            partition_name(parent, starts), parent, starts, starts + piece
        );
        starts := starts + piece;
        made := made + 1;
    end loop;
    if caught is null then
        execute format('alter table %I attach partition %I for values from (%L) to (maxvalue)', parent, later, starts);
    else
        execute format('create table %I partition of %I for values from (%L) to (maxvalue)', later, parent, starts);
    end if;
    return made;
end $$;

-- Drop the partitions that end at or before "before"; "<table>_older" then covers their time, so that a reading that
-- comes years late still finds its place, and keeps none older than that. Returns how many partitions went.
create function drop_partitions(parent text, before timestamptz) returns integer language plpgsql
set datestyle = 'ISO, YMD' set timezone = 'UTC' as $$
declare
    older constant text := parent || '_older';
    old record;
    border timestamptz;
    dropped integer := 0;
begin
    if exists (select from partitions_of(parent) p where p.to_t <= before and p.name <> older) then
        execute format('lock table %I in access exclusive mode', parent);
        for old in select * from partitions_of(parent) p where p.to_t <= before and p.name <> older loop
            execute format('drop table %I', old.name);
            border := old.to_t;
            dropped := dropped + 1;
        end loop;
        if border is not null then
            execute format('alter table %I detach partition %I', parent, older);
            execute format('alter table %I attach partition %I for values from (minvalue) to (%L)', parent, older, border);
        end if;
    end if;
    execute format('delete from %I where t < %L', older, before);
    return dropped;
end $$;

-- A table of readings in pieces of its span. What it holds stays where it is: it becomes a partition itself.
create function divide_by_partitions(parent text) returns void language plpgsql
set datestyle = 'ISO, YMD' set timezone = 'UTC' as $$
declare
    whole constant text := parent || '_whole';
    piece interval;
    oldest timestamptz;
    newest timestamptz;
    starts timestamptz;
    ends timestamptz;
    pos_index text;
begin
    select span into strict piece from reading_table where reading_table.name = parent;
    execute format('alter table %I rename to %I', parent, whole);
    execute format('alter index %I rename to %I', parent || '_key', whole || '_key');
    execute format('alter index %I rename to %I', parent || '_pos', whole || '_pos');
    select replace(replace(indexdef, whole || '_pos', parent || '_pos'), whole, parent) into strict pos_index
    from pg_indexes where schemaname = current_schema and indexname = whole || '_pos';
    execute format('create table %I (like %I including all excluding indexes) partition by range (t)', parent, whole);
    execute format('create unique index %I on %I (device, t, seq)', parent || '_key', parent);
    execute replace(pos_index, ' ON ONLY ', ' ON ');
    execute format('select min(t), max(t) from %I', whole) into oldest, newest;
    if oldest is null then
        execute format('drop table %I', whole);
        starts := piece_start(piece, now()) - piece;
        ends := starts;
    else
        starts := piece_start(piece, oldest);
        ends := piece_start(piece, greatest(newest, now())) + piece;
        execute format('alter table %I rename to %I', whole, partition_name(parent, starts));
        execute format(
            'alter table %I attach partition %I for values from (%L) to (%L)',
            parent, partition_name(parent, starts), starts, ends
        );
    end if;
    execute format('create table %I partition of %I for values from (minvalue) to (%L)', parent || '_older', parent, starts);
    execute format('create table %I partition of %I for values from (%L) to (maxvalue)', parent || '_later', parent, ends);
    perform extend_partitions(parent, now() + interval '28 days');
end $$;

create function divide_by_timescaledb(parent text) returns void language plpgsql as $$
declare
    piece interval;
    many boolean;
begin
    select span, masses into strict piece, many from reading_table where reading_table.name = parent;
    perform create_hypertable(
        to_regclass(quote_ident(parent)), 't',
        chunk_time_interval => piece, create_default_indexes => false, migrate_data => true
    );
    -- Compression belongs to the Timescale licence; a build under Apache's has none.
    if many and current_setting('timescaledb.license', true) = 'timescale' then
        execute format(
            'alter table %I set (timescaledb.compress, timescaledb.compress_segmentby = ''device'','
            ' timescaledb.compress_orderby = ''t, pos'')', parent
        );
        perform add_compression_policy(to_regclass(quote_ident(parent)), interval '7 days');
    end if;
end $$;

do $$
declare
    divided text;
begin
    -- Asked for only where the server has loaded it: without that, creating the extension ends the session.
    if current_setting('timescaledb.disable_load', true) is not null
        and exists (select from pg_available_extensions where name = 'timescaledb' and installed_version is null)
    then
        begin
            create extension timescaledb;
        exception when insufficient_privilege then
            raise notice 'timescaledb is installed here, but this account may not create the extension';
        end;
    end if;
    for divided in select name from reading_table order by name loop
        if exists (select from pg_extension where extname = 'timescaledb') then
            perform divide_by_timescaledb(divided);
        else
            perform divide_by_partitions(divided);
        end if;
    end loop;
end $$;

drop function divide_by_partitions(text);
drop function divide_by_timescaledb(text);

-- What the jobs of upkeep did last, so that one that fails is seen.
create table upkeep_run (
    job text primary key,
    at timestamptz not null default clock_timestamp(),
    done bigint not null,
    error text
);
comment on column upkeep_run.done is 'partitions or rows that it made or ended';
