# SPDX-License-Identifier: Apache-2.0
# The words of dygw-doctor, in English and in Chinese.
package Doctor::Words;

use strict;
use warnings;
use utf8;

use Exporter qw(import);

our @EXPORT_OK = qw(%TEXTS %TITLES language show texts title with_words);

my $STATES = { pass => ['pass', '通过'], warn => ['warn', '警告'], fail => ['FAIL', '失败'],
               skipped => ['skip', '跳过'] };

# What is examined, and what of its facts is shown. {field} stands for a fact.
our %TITLES = (
    gateway => ['Gateway', '网关'],
    clock => ['Clock of this machine and the gateway', '本机与网关的时钟'],
    site => ['{origin}, from outside', '从外部访问 {origin}'],
    open => ['/open, {at}', '/open 接口, {at}'],
    internal => ['/internal, {at}', '/internal 接口, {at}'],
    health => ['/health, {at}', '/health 接口, {at}'],
    health_check => ['/health, {member} {word}', '/health 接口, {member} {word}'],
    upstream => ['Douyin', '抖音'],
    douyin_connection => ['DNS, connection and TLS to Douyin', '到抖音的DNS、连接与TLS'],
    douyin_clock => ['Clock of the gateway and Douyin', '网关与抖音的时钟'],
    secret => ['Client key and secret', '应用的client_key与密钥'],
    token => ['Access token', 'access_token'],
    address => ['Allow-listed address', 'IP白名单'],
    authorisation => ['Authorisation by the merchant', '商家授权'],
    scope_certificate => ['Permission to redeem, {scope}', '团购核销能力 {scope}'],
    scope_store => ['Permission for stores, {scope}', '门店能力 {scope}'],
    scope_order => ['Permission for orders, {scope}', '订单查询能力 {scope}'],
    scope_billing => ['Permission for verify records, {scope}', '验券历史能力 {scope}'],
    store => ['Store {poi_id}', '门店 {poi_id}'],
    database => ['Database, {driver}', '数据库 {driver}'],
    database_clock => ['Clock of the gateway and the database', '网关与数据库的时钟'],
    schema => ['Schema of the database', '数据库结构'],
    connections => ['Connections to the database server', '数据库服务器的连接数'],
    master_key => ['Master key', '主密钥'],
    worker => ['Background work', '后台任务'],
    nonces => ['Table of nonces', 'nonce表'],
    pool => ['Pool of database connections', '数据库连接池'],
);
my %FACTS = (
    gateway => ['version {version}', '版本 {version}'],
    clock => ['{difference_ms} ms apart', '相差 {difference_ms} 毫秒'],
    internal => ['{answered}', '{answered}'],
    douyin_connection => ['{took_us} us', '{took_us} 微秒'],
    douyin_clock => ['{difference_ms} ms apart', '相差 {difference_ms} 毫秒'],
    token => ['version {version}, good for {expires_in} s', '版本 {version}，剩余 {expires_in} 秒'],
    database => ['round trip {round_trip_us} us', '往返 {round_trip_us} 微秒'],
    database_clock => ['{difference_ms} ms apart', '相差 {difference_ms} 毫秒'],
    schema => ['version {version}, needed {wanted}', '版本 {version}，需要 {wanted}'],
    connections => ['this host may open {needed} of {max_connections}',
                    '本机最多占用 {needed}，服务器允许 {max_connections}'],
    master_key => ['opens {opened} secrets, the old key {opened_with_old_key}; {not_opened} do not '
                       . 'open',
                   '可解开 {opened} 个，旧密钥解开 {opened_with_old_key} 个，无法解开 {not_opened} 个'],
    worker => ['renewed {age_ms} ms ago', '{age_ms} 毫秒前续期'],
    nonces => ['{held} of {capacity} in use; room for {per_second} requests a second',
               '已用 {held} / {capacity}，可承受每秒 {per_second} 次请求'],
    pool => ['DBDMax {dbd_max}, DBDKeep {dbd_keep}, {threads} threads a child, {children} children',
             'DBDMax {dbd_max}，DBDKeep {dbd_keep}，每个子进程 {threads} 个线程，最多 {children} 个子进程'],
);

# By reason, or by name.reason or name.reason.error_code where it is another matter: what is wrong
# and what to do, in English and in Chinese. An empty remedy: nothing, or what another line says.
our %TEXTS = (
    proxy_not_resolved => [
        'The name of the proxy cannot be resolved.', 'Correct DygwUpstreamProxy, or the resolver.',
        '无法解析代理的域名。', '修正 DygwUpstreamProxy，或修复域名解析（/etc/resolv.conf）。'],
    not_resolved => [
        "Douyin's name cannot be resolved.",
        'Look at DygwUpstream and at the resolver (/etc/resolv.conf): getent hosts open.douyin.com',
        '无法解析抖音的域名。',
        '检查 DygwUpstream 与域名解析（/etc/resolv.conf）：getent hosts open.douyin.com'],
    not_connected => [
        'The connection was refused, or there is no way to it.',
        'Let this host out to port 443 (firewall, routes), or set DygwUpstreamProxy; where it is '
            . 'set, start the proxy.',
        '连接被拒绝，或网络不可达。',
        '放行本机访问443端口（防火墙、路由），或设置 DygwUpstreamProxy；已设置时请检查代理是否运行。'],
    connect_timeout => [
        'There was no connection in time.',
        'Look at the firewall, which may drop packets, at DygwUpstreamProxy, and at the first time '
            . 'of DygwUpstreamTimeout.',
        '建立连接超时。',
        '检查防火墙是否丢弃数据包，检查 DygwUpstreamProxy 与 DygwUpstreamTimeout 的第一个值。'],
    proxy_refused => [
        'The proxy does not let the gateway through.',
        'Let the proxy of DygwUpstreamProxy allow CONNECT to open.douyin.com:443 for this host.',
        '代理拒绝了网关的请求。',
        '在 DygwUpstreamProxy 的代理上允许本机 CONNECT 到 open.douyin.com:443。'],
    ca_file_unreadable => [
        'The certificate authorities cannot be read.',
        "Correct DygwUpstreamCAFile: a PEM file that Apache's User can read; or install "
            . 'ca-certificates.',
        '无法读取CA证书文件。',
        '修正 DygwUpstreamCAFile：PEM格式，Apache的User可读；或安装 ca-certificates。'],
    certificate_untrusted => [
        "The certificate is not trusted, or is another host's.",
        'Install or update ca-certificates. Where a proxy opens TLS, name its authority in '
            . 'DygwUpstreamCAFile. Look at DygwUpstream.',
        '证书不受信任，或不属于该域名。',
        '安装或更新 ca-certificates。若代理会解密TLS，请在 DygwUpstreamCAFile 中指定其CA。检查 DygwUpstream。'],
    certificate_expired => [
        'The certificate has expired, or is not valid yet.',
        "Look at this host's clock (timedatectl), then at what answers instead of Douyin.",
        '证书已过期或尚未生效。', '先检查本机时钟（timedatectl），再确认应答的确实是抖音。'],
    tls_failed => [
        'There was no TLS.',
        'Look at what stands in between (a proxy, a firewall, port 80 instead of 443); the error '
            . 'log has the words with DYGW0500.',
        'TLS握手失败。',
        '检查中间设备（代理、防火墙、端口80与443混淆）；错误日志中 DYGW0500 有具体原因。'],
    timeout => [
        'Douyin was reached and did not answer in time.',
        'Try again; when it stays, raise the second time of DygwUpstreamTimeout.',
        '已连接，但抖音未及时应答。', '请重试；若持续，增大 DygwUpstreamTimeout 的第二个值。'],
    connection_broken => [
        'The connection broke before the answer was whole.',
        'Try again; when it stays, look at the network and at the proxy.',
        '应答完成之前连接中断。', '请重试；若持续，检查网络与代理。'],
    unreadable => [
        'What answered does not speak as Douyin does.',
        'Look at DygwUpstream, and for a proxy or a login page in between.',
        '应答内容不是抖音的格式。', '检查 DygwUpstream，以及是否有代理或登录页面拦截。'],
    server_error => [
        'Douyin answered with HTTP status {http_status}.', 'Try again later.',
        '抖音返回HTTP状态 {http_status}。', '请稍后重试。'],
    no_answer => [
        'There was no answer that would tell.', 'Set right first what failed above.',
        '没有得到可判断的应答。', '请先处理上面失败的项目。'],
    busy => [
        'Douyin is busy, or was asked too often.', 'Try again later.',
        '抖音繁忙，或请求过于频繁。', '请稍后重试。'],
    refused => [
        'Douyin refuses.', "Ask Douyin's support, with the logid.",
        '抖音拒绝。', '请携带logid咨询抖音技术支持。'],
    'secret.refused' => [
        'Douyin refuses the client key with its secret.',
        "Compare DygwClientKey and DygwClientSecret with the application's page in Douyin's "
            . 'console (控制台 - 应用详情), then restart.',
        '抖音拒绝了client_key与密钥。',
        '在抖音开放平台控制台的应用详情中核对 DygwClientKey 与 DygwClientSecret，然后重启。'],
    'secret.refused.10003' => [
        'Douyin does not know this client key.',
        "Copy DygwClientKey anew from the application's page in Douyin's console "
            . '(控制台 - 应用详情).',
        '抖音不认识该client_key。', '从抖音开放平台控制台的应用详情中重新复制 DygwClientKey。'],
    'secret.refused.10013' => [
        'The secret does not belong to this client key.',
        "Put the secret of the application's page in Douyin's console (控制台 - 应用详情) into the "
            . 'file of DygwClientSecret, then restart. It may have been reset there.',
        '密钥与client_key不匹配。',
        '将抖音开放平台控制台应用详情中的密钥写入 DygwClientSecret 的文件，然后重启。密钥可能已被重置。'],
    not_understood => [
        'Douyin did not take the question as one, so that this stays open.', '',
        '抖音未受理该探测请求，无法判断。', ''],
    token_refused => [
        'Douyin refuses the access token.', 'See the access token above.',
        '抖音拒绝了access_token。', '见上面的access_token。'],
    'token.token_refused' => [
        'Douyin refuses the token that the gateway holds.',
        'It is renewed with the next request. When it comes back: another program, a test system '
            . 'perhaps, fetches tokens with the same key by /oauth/client_token/; let it read the '
            . "gateway's token, and set DygwTokenEndpoint stable.",
        '抖音拒绝了网关持有的token。',
        '下一次请求会自动更新。若反复出现：另有程序（可能是测试环境）用同一client_key调用/oauth/client_token/；'
            . '让它改为读取网关的token，并设置 DygwTokenEndpoint stable。'],
    address_refused => [
        "This host's address is not on the application's allow list.",
        "Add the address that this host (or the proxy) has outside in Douyin's console (控制台 - "
            . '开发配置 - IP白名单).',
        '本机的出口IP不在应用的白名单中。',
        '在抖音开放平台控制台的“开发配置 - IP白名单”中加入本机（或代理）的出口IP。'],
    not_authorised => [
        'The merchant has not authorised this application.',
        'Let the merchant do so: Douyin Laike (抖音来客) - 店铺管理 - 第三方应用授权; then accept it '
            . 'in the console. Is DygwAccountId the id of its root account?',
        '商家未授权给本应用。',
        '请商家在“抖音来客 - 店铺管理 - 第三方应用授权”中授权，并在控制台接受。确认 DygwAccountId 是该商家的根账户ID。'],
    no_permission => [
        'The application lacks this permission.',
        "Apply for {scope} in Douyin's console (控制台 - 能力管理 - 能力申请).",
        '应用未获得该能力。', '在抖音开放平台控制台的“能力管理 - 能力申请”中申请 {scope}。'],
    punished => [
        "Douyin's platform control keeps the application out.",
        "Look for the notice in Douyin's console (控制台 - 站内信), and appeal there.",
        '应用因平台管控被限制访问。', '在抖音开放平台控制台的站内信中查看处罚通知并申诉。'],
    taken_down => [
        'Douyin has taken this interface down.', 'Look for a newer version of mod_dygw.',
        '该接口已下线。', '请升级 mod_dygw。'],
    not_asked => [
        'Asking would end a token that is in use (DygwTokenEndpoint client).',
        'The access token tells whether the secret is right.',
        '此时请求会使正在使用的token失效（DygwTokenEndpoint client），未询问。',
        'access_token一项可说明密钥是否正确。'],
    no_token => [
        'There is no access token to ask with.', 'Set the secret right first.',
        '没有可用的access_token。', '请先处理密钥问题。'],
    no_account => [
        'DygwAccountId is not set.',
        'Set it to the id of the root account of Douyin Laike (来客): stores, orders and '
            . 'reconciliation need it.',
        '未设置 DygwAccountId。', '将其设为来客商户根账户ID：门店、订单补全与对账需要它。'],
    no_database => [
        'The database is not there.', 'See the database above.',
        '数据库不可用。', '见上面的数据库。'],
    no_schema => [
        'The schema is not up to date.', 'See the schema above.',
        '数据库结构不是最新。', '见上面的数据库结构。'],
    no_server => ['SQLite has no server.', '', 'SQLite没有服务器。', ''],
    in_database => [
        'DygwNonceStore dbd: nonces are in the database, where they are not limited.', '',
        'DygwNonceStore dbd：nonce保存在数据库中，没有数量限制。', ''],
    clock_off => [
        'The clocks differ by {difference_ms} ms.',
        'Keep the clock with NTP (timedatectl set-ntp true, or chrony).',
        '时钟相差 {difference_ms} 毫秒。', '用NTP校时（timedatectl set-ntp true，或chrony）。'],
    'database_clock.clock_off' => [
        "The database's clock differs by {difference_ms} ms.",
        'Keep the clocks of both hosts with NTP (timedatectl set-ntp true, or chrony).',
        '数据库时钟相差 {difference_ms} 毫秒。',
        '两台主机都用NTP校时（timedatectl set-ntp true，或chrony）。'],
    missing => [
        'The gateway never had an access token.',
        'Set right what failed above; one host at least needs DygwWorker on. DYGW0401, DYGW0402 '
            . 'and DYGW0405 in the error log say more.',
        '网关从未取得access_token。',
        '请先处理上面失败的项目；至少一台主机需要 DygwWorker on。错误日志中的 DYGW0401、DYGW0402、DYGW0405 有说明。'],
    expired => [
        'The access token has ended and was not renewed.',
        'Set right what failed above, and look at the background work and at DYGW0402 in the error '
            . 'log.',
        'access_token已过期且未更新。',
        '请先处理上面失败的项目，并检查后台任务与错误日志中的 DYGW0402。'],
    unknown_store => [
        'Douyin does not know this store among those that the application may see.',
        'Compare the id with the stores in Douyin Laike (来客 - 店铺管理 - 门店管理): it has to be '
            . "claimed (认领) by the account.",
        '在应用可见的门店中找不到该门店。',
        '在来客的“店铺管理 - 门店管理”中核对门店ID：门店须已由该账户认领。'],
    other_account => [
        'The store belongs to account {account_id}, not to DygwAccountId.',
        'Set DygwAccountId to that account, or leave the store out.',
        '该门店属于账户 {account_id}，与 DygwAccountId 不同。',
        '将 DygwAccountId 改为该账户，或去掉该门店。'],
    unreachable => [
        'The database cannot be reached.',
        'Look after it, and at DBDParams; DYGW0600 and the lines of mod_dbd in the error log say '
            . 'more.',
        '无法连接数据库。',
        '检查数据库与 DBDParams；错误日志中的 DYGW0600 与mod_dbd的记录有说明。'],
    foreign => [
        'The database belongs to another Douyin application; nothing is redeemed on it.',
        'Restore the right dump, or give the application a database of its own (DBDParams); '
            . 'DYGW0343 or DYGW0314 in the error log names the other one.',
        '该数据库属于另一个抖音应用；不在其上核销。',
        '恢复正确的备份，或为该应用配置自己的数据库（DBDParams）；错误日志中的 DYGW0343 或 DYGW0314 说明属于哪个应用。'],
    files => [
        "Apache's User may not work with SQLite's file or its directory.",
        'DYGW0348 or DYGW0352 in the error log names what and why; chown it to the User. The '
            . 'gateway goes on by itself.',
        'Apache的User无权使用SQLite的文件或其目录。',
        '错误日志中的 DYGW0348 或 DYGW0352 说明是哪个以及原因；将其chown给该User，网关会自行恢复。'],
    damaged => [
        "SQLite's file is damaged, or is no database.",
        'Put back a copy of it (operation.md, Backup); the gateway goes on by itself.',
        'SQLite的文件已损坏，或不是数据库。', '放回备份（operation.md，备份）；网关会自行恢复。'],
    slow => [
        'The database takes long to answer even the simplest question.',
        'Look at the network to it, at its load and its disk.',
        '数据库对最简单的查询也应答缓慢。', '检查到数据库的网络、数据库负载与磁盘。'],
    behind => [
        'The database lacks changes that this module needs.',
        'Run sql/{next_file} and what follows it, or set DygwSchema auto, and restart.',
        '数据库结构落后于本模块。', '执行 sql/{next_file} 及其后的文件，或设置 DygwSchema auto，然后重启。'],
    too_many => [
        "This host's children may open more connections than the server lets them.",
        "Raise the server's max_connections, or lower DBDMax, MaxRequestWorkers; count all hosts.",
        '本机子进程可能打开的连接数超过服务器上限。',
        '调大服务器的 max_connections，或减小 DBDMax 或 MaxRequestWorkers；请计入所有主机。'],
    'connections.nearly_full' => [
        "This host's children may open most of the connections that the server has.",
        "Raise the server's max_connections before another host is added.",
        '本机子进程可能占用服务器大部分连接。', '增加主机之前请调大服务器的 max_connections。'],
    wrong_key => [
        '{not_opened} secrets were sealed with a key that is not configured.',
        'Give that key as the second argument of DygwMasterKey, and restart. When it is lost: '
            . 'POST {internal}/apps/ID/secret gives each app a new secret.',
        '有 {not_opened} 个密文是用未配置的密钥加密的。',
        '将该密钥作为 DygwMasterKey 的第二个参数并重启。若已丢失：用 POST {internal}/apps/ID/secret 为各应用生成新密钥。'],
    old_key => [
        '{opened_with_old_key} secrets still need the old key.',
        'Keep both keys; a host with DygwWorker on seals them anew within seconds (DYGW0461).',
        '仍有 {opened_with_old_key} 个密文需要旧密钥。',
        '请保留两个密钥；设为 DygwWorker on 的主机会在数秒内重新加密（DYGW0461）。'],
    stalled => [
        'No host has done background work for a minute: nothing is settled or renewed.',
        'Set DygwWorker on on one host at least, and look at its error log.',
        '一分钟内没有主机执行后台任务：未决核销与token都不会更新。',
        '至少在一台主机上设置 DygwWorker on，并检查其错误日志。'],
    'nonces.too_small' => [
        '{peak} requests a second need {capacity_needed} entries.',
        'DygwNonceStore shm {capacity_needed}, or a shorter DygwSignatureWindow; when it is full, '
            . 'requests are refused.',
        '每秒 {peak} 次请求需要 {capacity_needed} 个条目。',
        '设置 DygwNonceStore shm {capacity_needed}，或缩短 DygwSignatureWindow；表满时请求会被拒绝。'],
    nearly_full => [
        'More than four fifths are in use.',
        'Give DygwNonceStore shm twice as many entries; when it is full, requests are refused.',
        '已使用超过五分之四。', '将 DygwNonceStore shm 的条目数加倍；表满时请求会被拒绝。'],
    'pool.too_small' => [
        "DBDMax is so small that requests wait for each other's connections.",
        'Leave DBDMax out: the default, 10, is right for nearly everybody.',
        'DBDMax 太小，请求会互相等待连接。', '删去 DBDMax：默认值 10 几乎总是合适的。'],
    # of this program's own: what answers, and what does not
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
    upstream_sandbox => [
        'Its Douyin is the sandbox: no real coupon is redeemed.',
        'For a shop, take DygwUpstream out of the configuration, and the lines of the sandbox.',
        '上游是沙箱：不会核销真实的券。', '门店使用时，请从配置中去掉 DygwUpstream 与沙箱的相关配置。'],
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
    no_tls => [
        'There is no TLS at {url}: {what}',
        'Is it http, or another port? Where a client certificate is asked for, ask another mount. '
            . 'A certificate of an own authority needs --ca-file FILE.',
        '{url} 处TLS握手失败：{what}',
        '是否应为http或别的端口？若要求客户端证书，请改用另一个挂载点。自有CA的证书需要 --ca-file 文件。'],
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

# --- words ---

sub language {
    my ($wanted) = @_;
    my ($locale) = grep { length($_ // '') } $wanted, @ENV{qw(LC_ALL LC_MESSAGES LANG)}, 'C';
    return $locale =~ /\Azh/i ? 1 : 0;
}

# undef when a fact is missing.
sub fill {
    my ($text, $facts) = @_;
    my $missing = 0;
    $text =~ s/\{(\w+)\}/$facts->{$1} \/\/ ($1 eq 'internal' ? '{internal}' : $missing++ && '')/ge;
    return $missing ? undef : $text;
}

sub title { my ($check, $lang) = @_;
    return fill($TITLES{ $check->{name} }[$lang], $check->{detail})
        // $TITLES{ $check->{name} }[$lang] =~ s/[, ]*\{\w+\}//gr;
}

# Where the words of a check may be, the most special first.
sub keys_of {
    my ($name, $reason, $detail) = @_;
    return ("$name.$detail->{member}.$reason", "$name.$detail->{member}", $name)
        if defined $detail->{member};
    my $code = $detail->{error_code} // '';
    return ("$name.$reason.$code", "$name.$reason", $reason);
}

# What is wrong and what to do, in a language.
sub texts {
    my ($check, $lang) = @_;
    my ($name, $reason) = @$check{qw(name reason)};
    return ('', '') if !defined $reason;
    my ($found) = grep { defined } @TEXTS{ keys_of($name, $reason, $check->{detail}) };
    return ($reason, '') if !$found;
    return map { fill($_, $check->{detail}) // s/\{\w+\}/?/gr } @$found[ 2 * $lang, 2 * $lang + 1 ];
}

sub facts {
    my ($check, $lang) = @_;
    my $detail = $check->{detail};
    my $facts = $FACTS{ $check->{name} } ? fill($FACTS{ $check->{name} }[$lang], $detail) : undef;
    my $douyin = defined $detail->{error_code}
        ? "error_code $detail->{error_code} $detail->{description} logid $detail->{logid}" : undef;
    return join '; ', grep { defined } $facts, $douyin;
}

# What Douyin or a server wrote is shown in one line, and moves no cursor.
sub harmless { return $_[0] =~ s/[\x00-\x1f\x7f-\x9f]+/ /gr }

sub show {
    my ($check, $lang) = @_;
    my ($what, $remedy) = texts($check, $lang);
    my $facts = facts($check, $lang);
    my $line = "$STATES->{ $check->{state} }[$lang]  " . title($check, $lang);
    $line .= ': ' . join ' - ', grep { length } $what, $facts if length "$what$facts";
    print harmless($line), "\n";
    print "      -> ", harmless($remedy), "\n" if length $remedy && $check->{state} ne 'pass';
    return;
}

sub with_words {
    my ($check, $lang) = @_;
    my ($what, $remedy) = texts($check, $lang);
    return { %$check, title => title($check, $lang), text => $what, remedy => $remedy };
}

1;
