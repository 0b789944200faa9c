-- Who deals with an alert, how far it was raised, and by when somebody must have taken it. due_at is null when
-- nobody is waited for: it is taken or settled, raised to the highest level, or never had a deadline.
ALTER TABLE alert
    ADD COLUMN assignee     text,
    ADD COLUMN level        smallint NOT NULL DEFAULT 0,
    ADD COLUMN due_at       timestamptz,
    ADD COLUMN false_reason text;
CREATE INDEX alert_due ON alert (due_at) WHERE due_at IS NOT NULL;

-- The district whose authority gave the bus its permit; empty where the record does not say.
ALTER TABLE bus ADD COLUMN district text NOT NULL DEFAULT '';
