-- The telephone of a centre: whoever searches in the street, or opens a link that is over, must know whom to call.

alter table site add column phone text;
comment on column site.phone is 'the number that pages behind links name; normalised as other numbers are';
