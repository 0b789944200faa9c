-- Terms, days off and make-up days: on which days an assignment is due. The empty calendar has every day
-- count by its weekday.
ALTER TABLE registry_meta ADD COLUMN calendar jsonb NOT NULL DEFAULT '{}';
