# SPDX-License-Identifier: Apache-2.0
# The words of dygw-doctor for what it finds itself, and for the words of /health, in English and in
# Chinese: see Doctor::Words.
package Doctor::WordsOutside;

use strict;
use warnings;
use utf8;

use Exporter qw(import);

our @EXPORT_OK = qw(%OUTSIDE);

our %OUTSIDE = (
    # what answers, and what does not
    not_mounted => [
        'What answers at {url} is not the gateway.',
        'Look at the URL, and for SetHandler in its <Location>.',
        '{url} 处应答的不是网关。', '检查URL，以及对应 <Location> 中的 SetHandler。'],
    page_instead => [
        'A page of something else answers at {url}, with HTTP status {http_status}.',
        'Something takes the path before the gateway does: a RewriteRule or FallbackResource of a '
            . 'front controller (in an .htaccess, too), an Alias, a ProxyPass, a CDN. Let it leave '
            . 'this path alone; SetHandler has to be in a <Location> of this virtual host.',
        '{url} 处应答的是别的页面，HTTP状态 {http_status}。',
        '有规则先于网关占用了该路径：前端控制器的 RewriteRule 或 FallbackResource（也可能在 .htaccess 中）、Alias、'
            . 'ProxyPass 或CDN。请让它放过该路径；SetHandler 须位于该虚拟主机的 <Location> 中。'],
    redirected => [
        '{url} leads elsewhere: {location}',
        'A login or a rule of rewriting takes the path. Let it leave this path alone: no caller '
            . 'follows it.',
        '{url} 被重定向到 {location}',
        '登录页面或重写规则占用了该路径。请让它放过该路径：调用方不会跟随重定向。'],
    'gateway.redirected' => [
        'This program is sent elsewhere, to a login perhaps: {location}',
        'Give --url of a place where `Require` lets it in without one, on the loopback perhaps; '
            . 'see security.md, or --header @FILE.',
        '本程序被重定向到别处（可能是登录页面）：{location}',
        '用 --url 指定不需登录、`Require` 即放行的位置，例如回环地址上的；见security.md，或使用 --header @文件。'],
    to_https => [
        '{url} leads to https.',
        'Use {location}, and give that to all callers: a signed POST does not survive a redirect.',
        '{url} 被重定向到https。',
        '请改用 {location}，并告知所有调用方：签名的POST请求经不起重定向。'],
    proxy_failed => [
        'A proxy answers at {url} that it does not reach the gateway: HTTP status {http_status}.',
        'Look where it passes this path on to (ProxyPass, proxy_pass), and whether the gateway '
            . 'listens there.',
        '{url} 处由代理应答，它无法连到网关：HTTP状态 {http_status}。',
        '检查代理把该路径转发到何处（ProxyPass、proxy_pass），以及网关是否在那里监听。'],
    shut => [
        'Callers are not let in at {url}: HTTP status {http_status}.',
        'Take Require and any login off this path (Require all granted): the gateway itself looks '
            . 'at signatures, and /health tells no secret.',
        '{url} 不放行调用方：HTTP状态 {http_status}。',
        '请去掉该路径的 Require 与登录（Require all granted）：签名由网关自行校验，/health 不含机密。'],
    path_changed => [
        'Asked at {path}, the gateway sees {mount}: a proxy changes the path.',
        'Signatures are about the path that the gateway sees. Let the proxy pass the path on as it '
            . 'is (the same path on both sides of ProxyPass; proxy_pass without a path), or mount '
            . 'the gateway at {path}.',
        '请求的路径是 {path}，网关看到的是 {mount}：代理改变了路径。',
        '签名以网关看到的路径为准。请让代理原样转发路径（ProxyPass 两侧路径相同；proxy_pass 不带路径），'
            . '或将网关挂载到 {path}。'],
    operator_for_all => [
        'Whoever comes to {url} is let in as an operator.',
        'Something in between names an operator for everybody. Ask for a user or a certificate '
            . 'there, see security.md.',
        '任何人访问 {url} 都被当作操作人放行。',
        '中间的代理为所有人填写了操作人。请在那里要求用户认证或客户端证书，见security.md。'],
    site_unreached => [
        'From here there is no answer from {url}: {what}',
        'This is the name and port of the configuration (ServerName, VirtualHost). Where callers '
            . 'have others: --site URL.',
        '从本机访问 {url} 没有应答：{what}',
        '这是配置中的域名与端口（ServerName、VirtualHost）。若调用方使用别的地址：--site URL。'],
    sandbox => [
        'What answers is not Douyin but the sandbox, or a server on this machine: no coupon is '
            . 'redeemed at Douyin.',
        'For real coupons take DygwUpstream out, or set it to https://open.douyin.com; restart.',
        '应答者不是抖音，而是沙箱或本机上的服务器：不会在抖音核销任何券。',
        '核销真实的券时，去掉 DygwUpstream 或设为 https://open.douyin.com，然后重启。'],
    'health.degraded' => [
        '{what}', 'The lines below say what to do.', '{what}', '见下面各行。'],
    no_gateway => [
        'There is no answer from {url}: {what}',
        'Is Apache running, and --url right?', '{url} 没有应答：{what}',
        '检查Apache是否运行，--url是否正确。'],
    hangs => [
        'There is no answer from {url} within {seconds} s.',
        'Are all threads of httpd busy (mod_status), or does a firewall drop packets? --timeout '
            . 'SECONDS waits longer.',
        '{url} 在 {seconds} 秒内没有应答。',
        'httpd的线程是否全忙（mod_status），防火墙是否丢弃数据包？--timeout 秒数 可延长等待。'],
    unresolved => [
        'The name in {url} cannot be resolved here.', 'Correct the name, or the resolver.',
        '本机无法解析 {url} 中的域名。', '修正域名或域名解析。'],
    # ... and its certificate
    authority_unknown => [
        'The certificate of {url} is signed by nobody that this host knows: {what}.',
        'Name its authority with --ca-file FILE (PEM; a self-signed one is its own). With a '
            . 'certificate of a public authority: SSLCertificateFile has to hold the intermediate '
            . 'certificates, too; ca-certificates has to be installed here.',
        '{url} 的证书由本机不认识的CA签发：{what}。',
        '用 --ca-file 文件 指定其CA（PEM；自签名证书即其自身）。公共CA的证书：SSLCertificateFile 须同时包含中间证书；'
            . '本机须安装 ca-certificates。'],
    other_name => [
        'The certificate of {url} is for another name: {names}.',
        'Ask by a name that it is for (--url, --site), or get one for this name (subjectAltName); '
            . '--ca-file does not help.',
        '{url} 的证书属于别的域名：{names}。',
        '使用证书中的域名（--url、--site），或换用含该域名（subjectAltName）的证书；--ca-file 无济于事。'],
    outdated => [
        'The certificate of {url} has expired, or is not valid yet.',
        "Renew it and reload Apache; look at this host's clock (timedatectl). --ca-file does not "
            . 'help.',
        '{url} 的证书已过期或尚未生效。',
        '更新证书并重新加载Apache；检查本机时钟（timedatectl）。--ca-file 无济于事。'],
    wants_certificate => [
        '{url} asks for a client certificate, and this program has none.',
        'Where only the office comes, that is as it should be; tills and balancers need a place '
            . 'without (SSLVerifyClient).',
        '{url} 要求客户端证书，而本程序没有。',
        '若只供办公室使用，这是应有的；收银机与负载均衡需要不要求证书的位置（SSLVerifyClient）。'],
    no_tls => [
        'There is no TLS at {url}: {what}',
        'Is it http, or another port? A certificate of an own authority needs --ca-file FILE.',
        '{url} 处TLS握手失败：{what}',
        '是否应为http或别的端口？自有CA的证书需要 --ca-file 文件。'],
    no_https => [
        'https needs the Perl module IO::Socket::SSL.', 'Install libio-socket-ssl-perl (Debian).',
        'https需要Perl模块 IO::Socket::SSL。', '安装 libio-socket-ssl-perl（Debian）。'],
    # ... and the diagnosis
    no_operator => [
        'The gateway wants to know who asks.',
        'Give --operator, and --operator-header as DygwOperatorHeader has it; with '
            . '`DygwOperatorHeader none` Apache has to know the user (--header).',
        '网关需要知道操作人。',
        '使用 --operator，--operator-header 须与 DygwOperatorHeader 一致；其为none时须由Apache认证（--header）。'],
    not_let_in => [
        'Apache does not let this program in: HTTP status {http_status}.',
        'Run it where `Require` of the <Location> lets it in, or give --header @FILE.',
        'Apache拒绝访问：HTTP状态 {http_status}。',
        '在该 <Location> 的 `Require` 允许的地方运行，或使用 --header @FILE。'],
    no_diagnosis => [
        'The gateway gives no diagnosis: HTTP status {http_status} {what}',
        'Look at its error log; is it of the same version as this program?',
        '网关没有给出诊断：HTTP状态 {http_status} {what}', '检查其错误日志；网关与本程序的版本是否相同？'],
    # ... and what /health says, by member and word, or by member
    health_check => [
        'This is what it says, and this program does not know the word.',
        'See the manual, operation.md, and the error log.',
        '本程序不认识该状态。', '见手册中的operation.md与错误日志。'],
    'health_check.database.unreachable' => [
        'The database cannot be reached; nothing is redeemed.',
        'Look after it, and at DBDParams; DYGW0600 and the lines of mod_dbd in the error log.',
        '无法连接数据库；不能核销。', '检查数据库与 DBDParams，以及错误日志中的 DYGW0600 与mod_dbd的记录。'],
    'health_check.database.schema' => [
        "The database's schema is not what this module needs; nothing is redeemed.",
        'Run what is missing of sql/ (schema, above, names it), or set DygwSchema auto; restart.',
        '数据库结构与本模块不符；不能核销。', '执行 sql/ 中缺少的文件（见上面的数据库结构），或设置 DygwSchema auto；然后重启。'],
    'health_check.database.foreign' => [
        'The database belongs to another Douyin application; nothing is redeemed.',
        'Restore the right dump, or give each application a database of its own (DBDParams).',
        '该数据库属于另一个抖音应用；不能核销。', '恢复正确的备份，或为每个应用配置自己的数据库（DBDParams）。'],
    'health_check.database.files' => [
        "Apache's User may not work with SQLite's file or its directory; nothing is redeemed.",
        'DYGW0348 or DYGW0352 in the error log names what and why; chown it to the User.',
        'Apache的User无权使用SQLite的文件或其目录；不能核销。',
        '错误日志中的 DYGW0348 或 DYGW0352 说明是哪个以及原因；将其chown给该User。'],
    'health_check.database.damaged' => [
        "SQLite's file is damaged, or is no database; nothing is redeemed.",
        'Put back a copy of it (operation.md, Backup).',
        'SQLite的文件已损坏，或不是数据库；不能核销。', '放回备份（operation.md，备份）。'],
    'health_check.database.stopped' => [
        'The gateway did not start, and nobody looks at the database.', 'See start, below.',
        '网关没有启动，无人检查数据库。', '见下面的start。'],
    'health_check.token.stopped' => [
        'The gateway did not start, and holds no token.', 'See start, below.',
        '网关没有启动，没有access_token。', '见下面的start。'],
    'health_check.worker.stopped' => [
        'The gateway did not start, and does no background work.', 'See start, below.',
        '网关没有启动，没有后台任务。', '见下面的start。'],
    'health_check.start' => [
        'The gateway did not start: the word is what failed. The rest of Apache serves.',
        'The error log names it (secret, key: DYGW0350; others: DYGW0001 to DYGW0003, DYGW0300, '
            . 'DYGW0301, DYGW0356). Mend it and reload Apache.',
        '网关没有启动：该词说明原因。Apache的其他部分正常。',
        '错误日志有说明（secret、key：DYGW0350；其他：DYGW0001至DYGW0003、DYGW0300、DYGW0301、'
            . 'DYGW0356）。处理后重新加载Apache。'],
    'health_check.database.readonly' => [
        'The database can only be read; nothing is redeemed.',
        "A replica, a server in read-only mode, or a SQLite file or directory that Apache's User "
            . 'may not write. Write to the primary, or give the rights.',
        '数据库只能读；不能核销。', '是否连到了只读副本或只读模式的服务器，或Apache的User无权写SQLite文件及其目录？请连接主库或授予权限。'],
    'health_check.database.unwritable' => [
        'The database does not take what is written; nothing is redeemed.',
        'Look for a full disk (df), a quota, and rights of the file and its directory.',
        '数据库写入失败；不能核销。', '检查磁盘是否已满（df）、配额，以及文件与目录的权限。'],
    'health_check.token.missing' => [
        'There is no access token; nothing is redeemed.', 'See client key and secret, above.',
        '没有access_token；不能核销。', '见上面的client_key与密钥。'],
    'health_check.token.refused' => [
        'Douyin refuses the access token; nothing is redeemed.', 'See the access token above.',
        '抖音拒绝了access_token；不能核销。', '见上面的access_token。'],
    'health_check.token.expired' => [
        'The access token has ended and was not renewed; nothing is redeemed.',
        'See client key and secret, above, and the background work.',
        'access_token已过期且未更新；不能核销。', '见上面的client_key与密钥，以及后台任务。'],
    'health_check.worker.stalled' => [
        'No host does the background work: nothing is settled or renewed.',
        'Set DygwWorker on on one host at least, and look at its error log.',
        '没有主机执行后台任务：未决核销与token都不会更新。', '至少在一台主机上设置 DygwWorker on，并检查其错误日志。'],
    'health_check.key' => [
        'The master key does not open what is sealed in the database.',
        'Give the key that it was sealed with as the second argument of DygwMasterKey (or, after '
            . 'a restore, the key that belongs to the database), and restart.',
        '主密钥无法解开数据库中的密文。',
        '将加密时的密钥作为 DygwMasterKey 的第二个参数（恢复备份后：与该数据库配套的密钥），然后重启。'],
    'health_check.clock' => [
        "This host's clock is wrong: callers are refused as stale.",
        'Keep it with NTP (timedatectl set-ntp true, or chrony); see the clocks above.',
        '本机时钟不正确：调用方会因时间戳被拒绝。',
        '用NTP校时（timedatectl set-ntp true，或chrony）；见上面的时钟。'],
);

1;
