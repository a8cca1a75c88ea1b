# Starts FreeSWITCH in a container, with all that it writes in /tmp; the image's own start script would listen everywhere.

# a leg has several files open; 1024 in all are the usual limit
ulimit -n 524288 2>/dev/null || ulimit -n "$(ulimit -H -n)"

# mod_httapi removes no sound that it has fetched, and the address of each is another one the next day; nor does anybody remove
# the recordings that were being made when a FreeSWITCH before this one was killed: a call lasts for a day at the most
while sleep 3600; do
	find /tmp -type f \( -path '/tmp/http_file_cache/*' -o -name '*.wav' \) -mmin +1500 -delete
done &

exec freeswitch -nf -nc -np -nonat -nonatmap -conf /conf -log /tmp -db /tmp -run /tmp -temp /tmp -storage /tmp
