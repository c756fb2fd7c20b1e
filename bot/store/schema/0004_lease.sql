-- Who does what only one may do. A beat never comes twice from one holder.
CREATE TABLE dbo.lease (
    name $key NOT NULL PRIMARY KEY,
    holder $key NOT NULL,
    beat $number NOT NULL
);
