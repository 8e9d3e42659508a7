-- A rebuild of the engine asks for the newest readings by pos. A BRIN index says nothing of pages that nobody has
-- summarised yet, so all of them are read each time: without autosummarize until a vacuum comes round, which on a
-- big table is after days. 128 pages, 1 MiB, hold some 10,000 readings: coarse enough that no request of a busy minute
-- finds autovacuum's queue of 256 full.
do $$
declare
    many text;
begin
    foreach many in array array['position', 'heartbeat', 'vitals', 'motion'] loop
        execute format('drop index %I', many || '_pos');
        execute format(
            'create index %I on %I using brin (pos) with (pages_per_range = 128, autosummarize = on)', many || '_pos', many
        );
    end loop;
end $$;
