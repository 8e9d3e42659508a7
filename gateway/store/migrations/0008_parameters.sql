-- What somebody set instead of a rule's default: for everyone, for a site, for one resident. Who set it and when stands
-- in registry_change, as for every record; the version of that change is the version of the setting.

create table parameter (
    scope text not null check (scope in ('everyone', 'site', 'resident')),
    key text not null default '',
    name text not null check (name <> ''),
    value double precision not null check (value > '-Infinity' and value < 'Infinity'),
    resident_slot integer references resident (slot),
    id text primary key generated always as (scope || '/' || key || '/' || name) stored,
    site text references site generated always as (case when scope = 'site' then key end) stored,
    resident text references resident generated always as (case when scope = 'resident' then key end) stored,
    check ((scope = 'everyone') = (key = '')),
    check ((scope = 'resident') = (resident_slot is not null))
);
comment on column parameter.key is 'the id of the site or the resident; empty for everyone';
comment on column parameter.value is 'in the unit that ends the name; switches are 0 or 1';
create index parameter_name on parameter (name);
create index parameter_site on parameter (site) where site is not null;
create index parameter_resident on parameter (resident) where resident is not null;

create trigger log_inserts after insert on parameter referencing new table as new_rows
    for each statement execute function log_registry_changes();
create trigger log_updates after update on parameter referencing old table as old_rows new table as new_rows
    for each statement execute function log_registry_changes();
create trigger log_deletes after delete on parameter referencing old table as old_rows
    for each statement execute function log_registry_changes();
