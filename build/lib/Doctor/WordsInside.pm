# SPDX-License-Identifier: Apache-2.0
# The words of dygw-doctor for what the gateway finds, in English and in Chinese: see Doctor::Words.
package Doctor::WordsInside;

use strict;
use warnings;
use utf8;

use Exporter qw(import);

our @EXPORT_OK = qw(%INSIDE);

our %INSIDE = (
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
    'authorisation.not_authorised' => [
        'The merchant of account {account_id} has not authorised this application.',
        'Let the merchant do so: Douyin Laike (抖音来客) - 店铺管理 - 第三方应用授权; then accept it '
            . 'in the console. Is {account_id} (DygwAccountId, DygwStoreAccount) the id of its '
            . 'root account?',
        '账户 {account_id} 的商家未授权给本应用。',
        '请商家在“抖音来客 - 店铺管理 - 第三方应用授权”中授权，并在控制台接受。确认 {account_id}'
            . '（DygwAccountId、DygwStoreAccount）是该商家的根账户ID。'],
    'store.not_authorised' => [
        'The merchant whose store this is has not authorised this application.',
        'Let the merchant do so: Douyin Laike (抖音来客) - 店铺管理 - 第三方应用授权; or correct the '
            . 'poi_id.',
        '该门店所属的商家未授权给本应用。',
        '请商家在“抖音来客 - 店铺管理 - 第三方应用授权”中授权，或更正poi_id。'],
    'declared_store.not_authorised' => [
        'The merchant whose store this is has not authorised this application.',
        'Correct the poi_id or DygwStoreAccount in {declared_in}; or let the merchant authorise: '
            . 'Douyin Laike (抖音来客) - 店铺管理 - 第三方应用授权.',
        '该门店所属的商家未授权给本应用。',
        '更正 {declared_in} 中的poi_id或 DygwStoreAccount；或请商家在“抖音来客 - 店铺管理 - 第三方应用授权”中授权。'],
    'declared_stores.not_authorised' => [
        '{unasked} stores were not examined: their merchant has not authorised this application.',
        'See the authorisation, above.',
        '有 {unasked} 家门店未检查：其商家未授权给本应用。', '见上面的商家授权。'],
    no_permission => [
        'The application lacks this permission.',
        "Apply for {scope} in Douyin's console (控制台 - 能力管理 - 能力申请).",
        '应用未获得该能力。', '在抖音开放平台控制台的“能力管理 - 能力申请”中申请 {scope}。'],
    'authorisation.no_permission' => [
        'Account {account_id} has not granted {scope}, which other accounts have.',
        'Let this merchant authorise the application anew with that permission: Douyin Laike '
            . '(抖音来客) - 店铺管理 - 第三方应用授权.',
        '账户 {account_id} 未授予 {scope}，而其他账户已授予。',
        '请该商家在“抖音来客 - 店铺管理 - 第三方应用授权”中重新授权，并勾选该能力。'],
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
    left_out => [
        'There was no time for it, or there are too many.',
        'Name the stores that matter with --poi.',
        '时间不足或数量太多，未检查。', '用 --poi 指明需要检查的门店。'],
    'accounts.left_out' => [
        'There are {accounts} accounts, of which {unasked} were not examined.',
        'Name a store of such an account with --poi: its account is examined first.',
        '共有 {accounts} 个账户，其中 {unasked} 个未检查。',
        '用 --poi 指明该账户的一家门店：其账户会优先检查。'],
    'declared_stores.left_out' => [
        '{unasked} stores were not looked for: the lists of the accounts are too long.',
        'Name those that matter with --poi.',
        '有 {unasked} 家门店未查找：账户的门店列表太长。', '用 --poi 指明需要检查的门店。'],
    'declared_stores.more' => [
        '{more} more stores are wrong, in the same ways as those above.',
        'Correct those above, and ask again.',
        '另有 {more} 家门店有同样的问题。', '先更正上面各项，再次诊断。'],
    unknown_store => [
        'Douyin does not know this store among those that the application may see.',
        'Compare the id with the stores in Douyin Laike (来客 - 店铺管理 - 门店管理): it has to be '
            . "claimed (认领) by the account.",
        '在应用可见的门店中找不到该门店。',
        '在来客的“店铺管理 - 门店管理”中核对门店ID：门店须已由该账户认领。'],
    'declared_store.unknown_store' => [
        'Douyin does not know this store among those of account {expected_account_id}.',
        'Correct the poi_id in {declared_in}, or remove the store. In Douyin Laike (来客 - 店铺管理 - '
            . '门店管理) it has to be claimed (认领) by that account.',
        '在账户 {expected_account_id} 的门店中找不到该门店。',
        '更正 {declared_in} 中的poi_id，或去掉该门店。门店须已由该账户在来客的“店铺管理 - 门店管理”中认领。'],
    other_account => [
        'The store belongs to account {account_id}, not to {expected_account_id} (DygwAccountId).',
        'Set DygwAccountId to that account; or declare the store, with DygwStoreAccount '
            . '{account_id}; or leave it out.',
        '该门店属于账户 {account_id}，而不是 {expected_account_id}（DygwAccountId）。',
        '将 DygwAccountId 改为该账户；或声明该门店并设置 DygwStoreAccount {account_id}；或去掉该门店。'],
    'store.other_account' => [
        'The store {store} belongs to account {account_id}, not to {expected_account_id}.',
        'Set DygwStoreAccount {account_id} for it in {declared_in}, or correct its poi_id.',
        '门店 {store} 属于账户 {account_id}，而不是 {expected_account_id}。',
        '在 {declared_in} 中将其 DygwStoreAccount 设为 {account_id}，或更正poi_id。'],
    'declared_store.other_account' => [
        'The store {store} belongs to account {account_id}, not to {expected_account_id}.',
        'Set DygwStoreAccount {account_id} for it in {declared_in}, or correct its poi_id.',
        '门店 {store} 属于账户 {account_id}，而不是 {expected_account_id}。',
        '在 {declared_in} 中将其 DygwStoreAccount 设为 {account_id}，或更正poi_id。'],
    # of files of stores
    'declared_file.unreadable' => [
        'It could not be read when Apache started, or has a mistake: none of its stores is '
            . 'declared.',
        'Mend the file that DygwStores ({declared_in}) names: root has to be able to read it, and '
            . '`apachectl configtest` tells each mistake with its line. Then reload.',
        'Apache启动时无法读取，或其中有错误：该文件中的门店都不算声明。',
        '修正该文件（由 {declared_in} 处的 DygwStores 指定）：root须可读；`apachectl configtest` '
            . '会逐条指出错误及其行号。然后重新加载。'],
    'declared_file.conflict' => [
        'It collides with other stores in {wrong} places: none of its stores is declared.',
        'Give each store a code and a poi_id of its own, in the file or beside it: `apachectl '
            . 'configtest` names both places of each. Or remove DygwStores ({declared_in}). Then '
            . 'reload.',
        '有 {wrong} 处与其他门店冲突：该文件中的门店都不算声明。',
        '让每家门店的代码与poi_id都不重复：`apachectl configtest` 会指出每处冲突的两个位置；或去掉 {declared_in} '
            . '处的 DygwStores。然后重新加载。'],
    # of declared apps
    conflict => [
        'It is not served: app {other} of the database has the same {field}.',
        'Give the section another {field} ({declared_in}), and reload. Or give it both the code '
            . 'and the client_key of app {other}, which it then takes over: GET '
            . '{internal}/apps/{other_id}.',
        '未生效：数据库中的应用 {other} 使用了相同的 {field}。',
        '为该配置段（{declared_in}）换一个 {field} 并重新加载；或让它的代码与client_key都与应用 {other} 相同，即可接管该应用：'
            . 'GET {internal}/apps/{other_id}。'],
    unreadable_secret => [
        'It is refused: its secret could not be read when Apache started.',
        'Correct DygwAppSecret ({declared_in}): the file has to be there, and root has to be able '
            . 'to read it. Then reload.',
        '被拒绝：Apache启动时无法读取其密钥。',
        '修正 DygwAppSecret（{declared_in}）：文件须存在且root可读；然后重新加载。'],
    differs => [
        'That host declares {wrong} apps otherwise than this one: {apps}.',
        'Give all hosts the same sections and the same secrets, and reload those that differ; for '
            . 'a minute while hosts are reloaded one after the other this is nothing.',
        '该主机有 {wrong} 个应用的声明与本机不同：{apps}。',
        '让所有主机使用相同的配置段与密钥，并重新加载有差异的主机；逐台重新加载期间短暂出现属正常。'],
    'declared_apps.more' => [
        '{more} more apps are in trouble, in the same ways as those above.',
        'Correct those above, and ask again.',
        '另有 {more} 个应用有同样的问题。', '先更正上面各项，再次诊断。'],
    # of the database
    readonly => [
        'The database answers, and says that it may only be read: nothing is redeemed.',
        'Connect to the server that may be written: not to a standby, nor to one that was set '
            . 'read-only.',
        '数据库有应答，但只读：无法核销。', '连接可写的服务器，而不是备库或已设为只读的服务器。'],
    unwritable => [
        'The database answers, and cannot be written: nothing is redeemed.',
        'Look at its disk (full, quota, errors) and at what holds its locks; DYGW0601 in the error '
            . 'log has its own words.',
        '数据库有应答，但无法写入：无法核销。',
        '检查其磁盘（已满、配额、错误）以及谁占着锁；错误日志中的 DYGW0601 有数据库自己的说明。'],
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
    closed_secret => [
        '{not_opened} secrets do not open with the master key; of these apps: {apps}.',
        'They are damaged, or were sealed with another key: give that as the second argument of '
            . 'DygwMasterKey, and restart. Else POST {internal}/apps/ID/secret gives an app a new '
            . 'secret.',
        '有 {not_opened} 个密文用主密钥解不开；涉及应用：{apps}。',
        '密文已损坏，或由另一密钥加密：将其作为 DygwMasterKey 的第二个参数并重启；否则用 POST '
            . '{internal}/apps/ID/secret 为该应用生成新密钥。'],
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
);

1;
