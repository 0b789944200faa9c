"""From MQTT messages to columns of fixes: payload formats, subscription, batches, acknowledgement."""
