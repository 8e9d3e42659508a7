-- Who looked at whom: a log that is only ever added to, each entry chained to the one before (ADR 42); how sessions
-- end; and what slows down guessing over restarts and addresses.

create table audit_piece (
    piece integer primary key,
    month text not null,
    first_n bigint not null,
    anchor bytea not null,
    last_n bigint,
    head bytea,
    ended_at timestamptz,
    check ((ended_at is null) = (last_n is null) and (ended_at is null) = (head is null))
);
comment on table audit_piece is 'the pieces in which the audit log grows old: a month each, and what is left of one that ended';
comment on column audit_piece.anchor is 'the hash of the entry before its first';

create table audit_entry (
    n bigint primary key,
    piece integer not null references audit_piece,
    at_ms bigint not null,
    act text not null check (act <> ''),
    actor text,
    via text,
    what text,
    subject text,
    resident text,
    alarm uuid,
    site text,
    purpose text,
    address text,
    detail jsonb not null default '{}',
    hash bytea not null
);
comment on table audit_entry is 'hash = sha256(hash of n - 1, then as UTF-8 the JSON array of n, piece, … detail as jsonb writes it)';
create index audit_entry_time on audit_entry (at_ms desc, n desc);
create index audit_entry_actor on audit_entry (actor, n desc);
create index audit_entry_resident on audit_entry (resident, n desc) where resident is not null;
create index registry_change_time on registry_change (at desc, version desc);

-- One after the other, for the length of a short transaction: what is numbered here becomes visible in its order.
create function chain_audit() returns trigger language plpgsql security definer set search_path from current as $$
declare
    current_piece audit_piece;
    last_n bigint;
    last_hash bytea;
    month text := to_char(to_timestamp(new.at_ms / 1000.0) at time zone 'UTC', 'YYYY-MM');
begin
    perform pg_advisory_xact_lock(hashtextextended('anxin audit log', 0));
    select * into current_piece from audit_piece order by piece desc limit 1;
    select e.n, e.hash into last_n, last_hash from audit_entry e order by e.n desc limit 1;
    if last_n is null then
        last_n := coalesce(current_piece.last_n, 0);
        last_hash := coalesce(current_piece.head, sha256('anxin audit log'::bytea));
    end if;
    if current_piece is null or current_piece.month <> month or current_piece.ended_at is not null then
        insert into audit_piece (piece, month, first_n, anchor)
        values (coalesce(current_piece.piece, 0) + 1, month, last_n + 1, last_hash) returning * into current_piece;
    end if;
    new.n := last_n + 1;
    new.piece := current_piece.piece;
    new.hash := sha256(last_hash || convert_to(jsonb_build_array(
        new.n, new.piece, new.at_ms, new.act, new.actor, new.via, new.what, new.subject, new.resident, new.alarm,
        new.site, new.purpose, new.address, new.detail)::text, 'UTF8'));
    return new;
end $$;
create trigger chain before insert on audit_entry for each row execute function chain_audit();

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is added to and never changed' using errcode = 'restrict_violation';
end $$;

create function refuse_audit_delete() returns trigger language plpgsql as $$
begin
    if not exists (select from audit_piece p where p.piece = old.piece and p.ended_at is not null) then
        raise exception 'the audit log ends by whole pieces that are old enough' using errcode = 'restrict_violation';
    end if;
    return old;
end $$;

create trigger never_changed before update or truncate on audit_entry for each statement
    execute function refuse_audit_change();
create trigger ends_by_pieces before delete on audit_entry for each row execute function refuse_audit_delete();

-- A piece begins with its first entry, and ends once, when its newest entry is half a year old: six months is what
-- the law wants kept of such logs (Cybersecurity Law of the PRC, art. 21 (3)).
create function guard_audit_piece() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if pg_trigger_depth() < 2 then
            raise exception 'a piece of the audit log begins with its first entry' using errcode = 'restrict_violation';
        end if;
        return new;
    end if;
    if tg_op = 'DELETE' or old.ended_at is not null or new.ended_at is null
        or (new.piece, new.month, new.first_n, new.anchor) is distinct from (old.piece, old.month, old.first_n, old.anchor)
        or exists (select from audit_piece p where p.piece < old.piece and p.ended_at is null)
        or not exists (select from audit_piece p where p.piece > old.piece)
        or exists (select from audit_entry e where e.piece = old.piece
            and e.at_ms > (extract(epoch from now()) * 1000)::bigint - 183 * 86400000::bigint)
        or not exists (select from audit_entry e where e.piece = old.piece and e.n = new.last_n and e.hash = new.head)
        or exists (select from audit_entry e where e.piece = old.piece and e.n > new.last_n)
    then
        raise exception 'a piece of the audit log ends whole, the oldest first, half a year after its last entry'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger guarded before insert or update or delete on audit_piece for each row execute function guard_audit_piece();
create trigger never_emptied before truncate on audit_piece for each statement execute function refuse_audit_change();

-- The oldest piece, if its newest entry is older: its entries go, its last number and hash stay. How many they were.
create function end_audit_piece(before_ms bigint) returns bigint language plpgsql security definer
    set search_path from current as $$
declare
    oldest integer;
    gone bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended('anxin audit log', 0));
    select p.piece into oldest from audit_piece p where p.ended_at is null order by p.piece limit 1;
    if oldest is null or not exists (select from audit_piece p where p.piece > oldest)
        or exists (select from audit_entry e where e.piece = oldest and e.at_ms >= before_ms) then
        return 0;
    end if;
    update audit_piece p set ended_at = now(), last_n = e.n, head = e.hash
    from (select n, hash from audit_entry where piece = oldest order by n desc limit 1) e where p.piece = oldest;
    delete from audit_entry e where e.piece = oldest;
    get diagnostics gone = row_count;
    return gone;
end $$;

-- The history of records: who changed what is never taken back. What describes people who left may be blanked.
create function guard_registry_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (new.version, new.entity, new.key, new.actor, new.at)
        is not distinct from (old.version, old.entity, old.key, old.actor, old.at) then
        return new;
    end if;
    if tg_op = 'DELETE' and old.entity in ('check_window', 'sighting') then
        return old;
    end if;
    raise exception 'the history of records is added to and never changed' using errcode = 'restrict_violation';
end $$;
create trigger guarded before update or delete on registry_change for each row execute function guard_registry_change();
create trigger never_emptied before truncate on registry_change for each statement execute function refuse_audit_change();

-- Even where a session says that it is a replica.
alter table audit_entry enable always trigger never_changed;
alter table audit_entry enable always trigger ends_by_pieces;
alter table audit_piece enable always trigger guarded;
alter table audit_piece enable always trigger never_emptied;
alter table registry_change enable always trigger guarded;
alter table registry_change enable always trigger never_emptied;
revoke all on audit_entry, audit_piece from public;

-- Sessions: they end unused as well, are listed, and a desk that was signed out is told why.
alter table session
    add column id text not null default gen_random_uuid()::text unique,
    add column last_seen timestamptz not null default now(),
    add column idle_ms bigint not null default 43200000,
    add column address text,
    add column agent text,
    add column ended_at timestamptz,
    add column ended_why text check (ended_why in ('elsewhere', 'password', 'disabled')),
    add check ((ended_at is null) = (ended_why is null));
create index session_account on session (account);

-- Failed sign-ins, by user name over all addresses, or by a browser that is known and a name.
create table signin_guard (
    key text primary key,
    failures integer not null,
    last_ms bigint not null,
    locked_until_ms bigint not null default 0
);
comment on table signin_guard is 'names that nobody has are counted too: an answer must not tell which exist';

create table known_browser (
    token_hash bytea not null,
    account text not null references account,
    last_used timestamptz not null,
    primary key (token_hash, account)
);
comment on table known_browser is 'where an account has signed in before: guesses from elsewhere do not lock these';
