-- When a bus is due at each stop of its route, by the timetable that was approved; empty where none is on record.

ALTER TABLE assignment ADD COLUMN stop_times time[] NOT NULL DEFAULT '{}';
