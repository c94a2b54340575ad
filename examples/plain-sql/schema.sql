-- The database as it should be: what other tools call models. A change here needs a revision in versions/.

CREATE TABLE authors (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE books (
    id INTEGER PRIMARY KEY,
    author_id INTEGER NOT NULL REFERENCES authors (id),
    title TEXT NOT NULL,
    pages INTEGER DEFAULT 0
);

CREATE INDEX books_by_title ON books (title);
