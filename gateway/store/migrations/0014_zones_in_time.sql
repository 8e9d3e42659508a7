-- A zone may count at some hours of some days only, and somebody may walk with a resident for a while.

alter table fence add column active jsonb check (jsonb_typeof(active) = 'object');
comment on column fence.active is '{days, from, to}: 0 is Monday, local HH:MM, to at or before from is on the next day; null: always';

alter table resident add column accompanied_until bigint;
comment on column resident.accompanied_until is 'Unix ms; until then somebody is with them wherever they walk, null: nobody said so';
