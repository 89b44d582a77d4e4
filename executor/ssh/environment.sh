# The environment is the same wherever a command runs.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH};
LC_ALL=C NO_COLOR=1 TERM=dumb SYSTEMD_PAGER=cat SYSTEMD_COLORS=0;
export PATH LC_ALL NO_COLOR TERM SYSTEMD_PAGER SYSTEMD_COLORS;
