PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE jobs (
	id VARCHAR(32) NOT NULL, 
	owner VARCHAR(64) NOT NULL, 
	request_key VARCHAR(128), 
	state VARCHAR(16) NOT NULL, 
	created FLOAT NOT NULL, 
	served FLOAT NOT NULL, 
	finished FLOAT, 
	options TEXT NOT NULL, 
	n_files INTEGER NOT NULL, 
	n_done INTEGER NOT NULL, 
	n_failed INTEGER NOT NULL, 
	n_cancelled INTEGER NOT NULL, 
	webhook_url TEXT NOT NULL, 
	webhook_secret TEXT NOT NULL, 
	webhook_due FLOAT, 
	webhook_tries INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (owner, request_key)
);
INSERT INTO jobs VALUES('6b0b170c354be8337f213b629c173ddd','everybody',NULL,'running',1795888908.6341023444,1795888911.2970533371,NULL,'{"options":{"text":{"numerals":"latin","script":"devanagari","punctuation":"pauses","mask":[],"nukta":"keep","nasals":"keep"},"decoding":{"decoder":"auto","language_model":"","hotwords":[]}},"split":false,"warnings":[]}',2,0,0,0,'','',NULL,0);
INSERT INTO jobs VALUES('6b0b170c44b36cbf0ad356f5658e009d','everybody',NULL,'queued',1795888908.7519185542,1795888908.7519185542,NULL,'{"options":{"text":{"numerals":"off","script":"devanagari","punctuation":"off","mask":[],"nukta":"keep","nasals":"keep"},"decoding":{"decoder":"auto","language_model":"","hotwords":[]}},"split":false,"warnings":[]}',1,0,0,0,'','',NULL,0);
CREATE TABLE job_files (
	job_id VARCHAR(32) NOT NULL, 
	position INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	reference TEXT NOT NULL, 
	raw TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	claim VARCHAR(32) NOT NULL, 
	lease FLOAT NOT NULL, 
	tries INTEGER NOT NULL, 
	total_s FLOAT, 
	heard_s FLOAT NOT NULL, 
	model VARCHAR(128) NOT NULL, 
	result TEXT, 
	error_code VARCHAR(64) NOT NULL, 
	error_message TEXT NOT NULL, 
	PRIMARY KEY (job_id, position)
);
INSERT INTO job_files VALUES('6b0b170c354be8337f213b629c173ddd',0,'rain.flac','','','running','d890f60a3aec44579e156b27ceb25877',1795888912.2970533371,1,NULL,0.0,'',NULL,'','');
INSERT INTO job_files VALUES('6b0b170c354be8337f213b629c173ddd',1,'family.flac','','','queued','',0.0,0,NULL,0.0,'',NULL,'','');
INSERT INTO job_files VALUES('6b0b170c44b36cbf0ad356f5658e009d',0,'rain.flac','','','queued','',0.0,0,NULL,0.0,'',NULL,'','');
CREATE TABLE job_uploads (
	id VARCHAR(32) NOT NULL, 
	owner VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	content_type TEXT NOT NULL, 
	length BIGINT NOT NULL, 
	created FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX ix_jobs_webhook_due ON jobs (webhook_due);
CREATE INDEX jobs_by_turn ON jobs (state, served);
CREATE INDEX jobs_by_owner ON jobs (owner, created);
CREATE INDEX job_files_by_state ON job_files (job_id, state, position);
CREATE INDEX job_files_by_lease ON job_files (state, lease);
COMMIT;
