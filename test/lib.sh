# lib.sh: what the scripts of test/ share: a private installation of the server
# with the extension in it, and private servers in a temporary directory.
#
# Nothing outside that directory is written.  The server refuses to run as root,
# so under root everything that touches a server runs as another user.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PG_CONFIG=${PG_CONFIG:-pg_config}
if [ "$(id -u)" = 0 ]; then
	server_user=${SERVER_USER:-postgres}
else
	server_user=$(id -un)
fi

# Runs a command as the user of the private servers, in their directory.
as_server()
{
	if [ "$(id -u)" = 0 ]; then
		(cd "$work" && setpriv --reuid "$server_user" --regid "$(id -g "$server_user")" --init-groups \
			env HOME="$work" "$@")
	else
		(cd "$work" && env HOME="$work" "$@")
	fi
}

# Makes the temporary directory $work.
work_make()
{
	work=$(mktemp -d "${TMPDIR:-/tmp}/tiktokads.XXXXXX")
	chmod 755 "$work"
	[ "$(id -u)" != 0 ] || chown "$server_user" "$work"
}

# Builds the extension and the simulator.
build()
{
	# JIT inlining is not what tests are about, and its bitcode doubles the time
	make -s -C "$top" -j"$(nproc)" with_llvm=no PG_CONFIG="$PG_CONFIG" all "$@" >/dev/null
	make -s -C "$top/test/simulator" -j"$(nproc)" >/dev/null
}

# Installs server and extension below $work/install: the programs are copied,
# because the server finds its other files relative to where it stands itself.
install_private()
{
	local bin lib share
	bin=$($PG_CONFIG --bindir)
	lib=$($PG_CONFIG --pkglibdir)
	share=$($PG_CONFIG --sharedir)
	install="$work/install"
	bindir="$install$bin"
	mkdir -p "$bindir" "$install$lib" "$install$share"
	cp -L "$bin"/* "$bindir/"
	cp -rs "$lib"/. "$install$lib/"
	cp -rs "$share"/. "$install$share/"
	rm -f "$install$share/extension/"tiktokads* "$install$lib/"tiktokads*
	make -s -C "$top" with_llvm=no PG_CONFIG="$PG_CONFIG" DESTDIR="$install" install >/dev/null
	install_older
	export PATH="$bindir:$PATH"
}

# Installs older versions, kept for tests, and their updates to this one.
install_older()
{
	local version old transition
	version=$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" "$top/tiktokads.control")
	for transition in "$top"/test/upgrade/[0-9]*.sql; do
		old=$(basename "$transition" .sql)
		cp "$top/test/upgrade/tiktokads--$old.sql" "$install$share/extension/"
		"$top/src/upgrade/update" "$top/tiktokads--$version.sql" "$transition" \
			>"$install$share/extension/tiktokads--$old--$version.sql"
	done
	# from a version whose objects were these already: what an update keeps of a user's own
	: >"$work/previous.sql"
	"$top/src/upgrade/update" "$top/tiktokads--$version.sql" "$work/previous.sql" \
		>"$install$share/extension/tiktokads--previous--$version.sql"
}

# Starts a server: server_start NAME [setting=value ...]; leaves PGHOST and PGPORT.
server_start()
{
	local name=$1
	shift
	as_server "$bindir/initdb" -D "$work/$name" -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$work'"
		echo "fsync = off"
		echo "max_wal_size = '4GB'"
		echo "jit = off"
		echo "tiktokads.allow_http_loopback = on"
		for setting; do echo "$setting"; done
	} >>"$work/$name/postgresql.conf"
	as_server "$bindir/pg_ctl" -D "$work/$name" -l "$work/$name.log" -w -s start
	export PGHOST="$work" PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

# Stops a server, at once.
server_stop()
{
	[ ! -f "$work/$1/postmaster.pid" ] || as_server "$bindir/pg_ctl" -D "$work/$1" -m immediate -s stop || true
}
