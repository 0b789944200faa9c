-- The pages of alerts that people open: those not settled yet, and those of one rule.
CREATE INDEX alert_unsettled ON alert (started_at DESC, alert_id DESC) WHERE status IN ('open', 'acknowledged');
CREATE INDEX alert_of_rule ON alert (rule, started_at DESC, alert_id DESC);
